// nvcuda::wmma. A lane holds elements lane, lane + 32, … of a tile in row-major order (opaque, as in CUDA);
// mma_sync is one collective that the last lane computes.
#pragma once
#include "cuda_bf16.h"
#include "cuda_fp16.h"

namespace nvcuda {
namespace wmma {
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32 {};
}  // namespace precision

template <class T> struct sim_storage { using type = T; };
template <> struct sim_storage<precision::tf32> { using type = float; };

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
  static constexpr int rows = std::is_same_v<Use, matrix_b> ? K : M, columns = std::is_same_v<Use, matrix_a> ? K : N;
  static constexpr int num_elements = rows * columns / 32;
  using element_type = typename sim_storage<T>::type;
  using storage_element_type = element_type;
  element_type x[num_elements];
};

SIM_INLINE float __float_to_tf32(float f) {
  uint32_t u = sim::bits<uint32_t>(f);
  if ((u & 0x7f800000u) == 0x7f800000u) return f;
  return sim::bits<float>((u + 0x1000u) & 0xffffe000u);  // ties away from zero, as cvt.rna does
}

template <class F, class V>
SIM_INLINE void fill_fragment(F& f, V v) {
  for (auto& e : f.x) e = (typename F::element_type)v;
}

SIM_INLINE size_t sim_place(int r, int c, unsigned stride, bool row_major) { return row_major ? (size_t)r * stride + c : (size_t)c * stride + r; }

// Eight lanes of the hardware read one row of 16 bytes at a time; element by element is what the checker needs to know.
template <class Use, int M, int N, int K, class T, class L, class P>
SIM_INLINE void load_matrix_sync(fragment<Use, M, N, K, T, L>& f, const P* p, unsigned stride) {
  using F = fragment<Use, M, N, K, T, L>;
  int meet = 0;
  sim_collective(~0u, sim::MMA, &meet, sim::meet);
  for (int i = 0; i < F::num_elements; i++) {
    int e = sim_lane + 32 * i;
    f.x[i] = p[sim_place(e / F::columns, e % F::columns, stride, std::is_same_v<L, row_major>)];
  }
}
template <int M, int N, int K, class T, class P>
SIM_INLINE void load_matrix_sync(fragment<accumulator, M, N, K, T>& f, const P* p, unsigned stride, layout_t layout) {
  int meet = 0;
  sim_collective(~0u, sim::MMA, &meet, sim::meet);
  for (int i = 0; i < f.num_elements; i++) {
    int e = sim_lane + 32 * i;
    f.x[i] = p[sim_place(e / N, e % N, stride, layout == mem_row_major)];
  }
}
template <int M, int N, int K, class T, class P>
SIM_INLINE void store_matrix_sync(P* p, const fragment<accumulator, M, N, K, T>& f, unsigned stride, layout_t layout) {
  int meet = 0;
  sim_collective(~0u, sim::MMA, &meet, sim::meet);
  for (int i = 0; i < f.num_elements; i++) {
    int e = sim_lane + 32 * i;
    p[sim_place(e / N, e % N, stride, layout == mem_row_major)] = f.x[i];
  }
}

template <class A, class C, class D> struct sim_operands { const A *a, *b; const C* c; D* d; };
template <class T> SIM_PLAIN inline T sim_exact(T v) { return v; }
SIM_PLAIN inline float sim_exact(__half v) { return v; }
SIM_PLAIN inline float sim_exact(__nv_bfloat16 v) { return v; }
SIM_PLAIN inline int sim_exact(signed char v) { return v; }
SIM_PLAIN inline int sim_exact(unsigned char v) { return v; }

template <int M, int N, int K, class TA, class A, class C, class D>
SIM_PLAIN void sim_multiply(void** lanes, unsigned) {
  using O = sim_operands<A, C, D>;
  using Sum = std::conditional_t<std::is_same_v<D, int>, int, float>;
  Sum a[M * K], b[K * N], c[M * N];
  for (int l = 0; l < 32; l++) {
    O* o = (O*)lanes[l];
    for (int i = 0; i < M * K / 32; i++) a[l + 32 * i] = (Sum)sim_exact(o->a[i]);
    for (int i = 0; i < K * N / 32; i++) b[l + 32 * i] = (Sum)sim_exact(o->b[i]);
    for (int i = 0; i < M * N / 32; i++) c[l + 32 * i] = (Sum)sim_exact(o->c[i]);
  }
  if constexpr (std::is_same_v<TA, precision::tf32>) {
    for (auto& x : a) x = __float_to_tf32(x);
    for (auto& x : b) x = __float_to_tf32(x);
  }
  for (int i = 0; i < M; i++)
    for (int k = 0; k < K; k++)
      for (int j = 0; j < N; j++) c[i * N + j] += a[i * K + k] * b[k * N + j];
  for (int l = 0; l < 32; l++)
    for (int i = 0; i < M * N / 32; i++) ((O*)lanes[l])->d[i] = (D)c[l + 32 * i];
}
template <int M, int N, int K, class LA, class LB, class TA, class TC, class TD>
SIM_INLINE void mma_sync(fragment<accumulator, M, N, K, TD>& d, const fragment<matrix_a, M, N, K, TA, LA>& a, const fragment<matrix_b, M, N, K, TA, LB>& b,
                         const fragment<accumulator, M, N, K, TC>& c, bool = false) {
  using A = typename sim_storage<TA>::type;
  sim_operands<A, TC, TD> o{a.x, b.x, c.x, d.x};
  sim_collective(~0u, sim::MMA, &o, sim_multiply<M, N, K, TA, A, TC, TD>);
}
}  // namespace wmma
}  // namespace nvcuda
