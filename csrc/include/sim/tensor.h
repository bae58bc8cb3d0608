// The matrix instructions of inline PTX: mma.sync and ldmatrix, with the register layouts of the PTX manual.
#pragma once
#include "small.h"
#include "warp.h"

namespace sim {
struct Half {
  static constexpr int width = 16;
  SIM_PLAIN static float value(uint32_t pair, int k) { return widen<5, 10>(pair >> 16 * k & 0xffff); }
};
struct Bfloat {
  static constexpr int width = 16;
  SIM_PLAIN static float value(uint32_t pair, int k) { return widen<8, 7>(pair >> 16 * k & 0xffff); }
};
struct Tf32 {
  static constexpr int width = 32;
  SIM_PLAIN static float value(uint32_t word, int) { return bits<float>(word & 0xffffe000u); }
};

struct Registers {
  uint32_t a[4], b[2];
  float c[4];
};

// Register r, half h of lane l holds this row and column of a; of b with a row and its column exchanged.
template <class T>
SIM_PLAIN inline void place(int lane, int r, int h, int& row, int& column) {
  row = lane / 4 + 8 * (r & 1);
  column = T::width == 16 ? 2 * (lane % 4) + h + 8 * (r / 2) : lane % 4 + 4 * (r / 2);
}

// 16 x 8 = 16 x K times K x 8, the last lane computing for all.
template <class T>
SIM_PLAIN void multiply(void** lanes, unsigned) {
  constexpr int K = 256 / T::width, halves = 32 / T::width;
  float a[16][K], b[K][8];
  int row, column;
  for (int l = 0; l < 32; l++) {
    Registers* g = (Registers*)lanes[l];
    for (int h = 0; h < halves; h++) {
      for (int r = 0; r < 4; r++) place<T>(l, r, h, row, column), a[row][column] = T::value(g->a[r], h);
      for (int r = 0; r < 2; r++) place<T>(l, 2 * r, h, row, column), b[column][row] = T::value(g->b[r], h);
    }
  }
  for (int l = 0; l < 32; l++)
    for (int i = 0; i < 4; i++) {
      float sum = 0;
      for (int k = 0; k < K; k++) sum += a[l / 4 + 8 * (i / 2)][k] * b[k][2 * (l % 4) + (i & 1)];
      ((Registers*)lanes[l])->c[i] += sum;
    }
}

template <class T, class R>
SIM_INLINE void mma(float& d0, float& d1, float& d2, float& d3, R a0, R a1, R a2, R a3, R b0, R b1, float c0, float c1, float c2, float c3) {
  Registers g{{(uint32_t)a0, (uint32_t)a1, (uint32_t)a2, (uint32_t)a3}, {(uint32_t)b0, (uint32_t)b1}, {c0, c1, c2, c3}};
  sim_collective(~0u, MMA, &g, multiply<T>);
  d0 = g.c[0], d1 = g.c[1], d2 = g.c[2], d3 = g.c[3];
}

struct Rows {
  const uint16_t* row;
  uint32_t out[4];
};

template <int N, bool Transposed>
SIM_PLAIN void gather(void** lanes, unsigned) {
  for (int l = 0; l < 32; l++)
    for (int m = 0; m < N; m++) {
      uint32_t pair[2];
      for (int h = 0; h < 2; h++) {
        int along = 2 * (l % 4) + h, row = Transposed ? along : l / 4, column = Transposed ? l / 4 : along;
        pair[h] = ((Rows*)lanes[8 * m + row])->row[column];
      }
      ((Rows*)lanes[l])->out[m] = pair[0] | pair[1] << 16;
    }
}

// Lane 8 m + r gives the address of row r of matrix m: sixteen bytes.
template <int N, bool Transposed, class A>
SIM_INLINE void load_rows(uint32_t* out, A address) {
  Rows rows{(const uint16_t*)sim_shared_address((unsigned)address), {}};
  if (sim_lane < 8 * N) sim_touch(rows.row, 16, 0);
  sim_collective(~0u, MMA, &rows, gather<N, Transposed>);
  for (int m = 0; m < N; m++) out[m] = rows.out[m];
}
template <bool Transposed, class R, class A>
SIM_INLINE void ldmatrix1(R& a, A address) {
  uint32_t out[1];
  load_rows<1, Transposed>(out, address);
  a = (R)out[0];
}
template <bool Transposed, class R, class A>
SIM_INLINE void ldmatrix2(R& a, R& b, A address) {
  uint32_t out[2];
  load_rows<2, Transposed>(out, address);
  a = (R)out[0], b = (R)out[1];
}
template <bool Transposed, class R, class A>
SIM_INLINE void ldmatrix4(R& a, R& b, R& c, R& d, A address) {
  uint32_t out[4];
  load_rows<4, Transposed>(out, address);
  a = (R)out[0], b = (R)out[1], c = (R)out[2], d = (R)out[3];
}
}  // namespace sim
