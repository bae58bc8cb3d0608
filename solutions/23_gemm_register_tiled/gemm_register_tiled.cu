// 23 SGEMM, rung 3: C = alpha * A * B + beta * C, with a square of C in every thread's registers.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding; each starts at a
// multiple of 16 bytes. C is read and written; with beta = 0 it is not read.
//
// Three levels of tiles:
//   block   128 x 128 of C, 8 steps of k at a time, from shared memory
//   warp     32 x 64  of that: 4 x 2 warps
//   thread    8 x 8   of that: 4 x 8 lanes, each with four squares of 4 x 4
// Two pairs of shared tiles take turns: while one is used, the next is on its way from global memory.

#include <cuda_runtime.h>

constexpr int WARP = 32;
constexpr int PACK = 4;       // floats in a float4
constexpr int TILE = 128;     // rows and columns of C per block
constexpr int DEPTH = 8;      // steps of k per tile
constexpr int THREADS = 256;  // each brings one float4 of A and one of B: TILE * DEPTH / PACK of either
constexpr int BLOCKS = 2;     // per SM: 128 registers a thread; one block computes while the other waits

constexpr int WARP_ROWS = 32, WARP_COLS = 64;    // of C per warp
constexpr int ROW_STEP = 16, COL_STEP = 32;      // between a thread's two quads of rows, and of columns
constexpr int WARPS_ACROSS = TILE / WARP_COLS;   // 2
constexpr int PACKS_ACROSS = TILE / PACK;        // float4 in a row of B's tile: one warp loads a row of it

// Rows of A's tile are 4 floats longer than they need be. A warp stores 16 rows at two k that are 4 apart: the places
// of the second are 4 * 132 floats further on, which is 16 banks, just behind the first's 16. Without the 4 it would
// be the same 16 banks. And 132 is divisible by 4, so a float4 still lies at a multiple of 16 bytes.
constexpr int A_STRIDE = TILE + 4;

// ---------------------------------------------------------------- global memory: zeros beyond the edges

// Elements at, …, at + 3 of a row of `length`. PACKS: rows are divisible by 4, so a float4 is inside or outside as a
// whole, and aligned.
template <bool PACKS>
__device__ float4 fetch(const float* row, bool inside, int at, int length) {
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if constexpr (PACKS) {
        if (inside && at < length) v = *reinterpret_cast<const float4*>(row + at);
    } else {
        if (inside && at + 0 < length) v.x = row[at + 0];
        if (inside && at + 1 < length) v.y = row[at + 1];
        if (inside && at + 2 < length) v.z = row[at + 2];
        if (inside && at + 3 < length) v.w = row[at + 3];
    }
    return v;
}

// With beta = 0 the old element is not even read: 0 * NaN would be NaN.
__device__ float blend(float alpha, float sum, float beta, const float* old) {
    return beta == 0.0f ? alpha * sum : fmaf(alpha, sum, beta * *old);
}

template <bool PACKS>
__device__ void update(float* row, int at, int length, const float* sum, float alpha, float beta) {
    if constexpr (PACKS) {
        if (at >= length) return;
        float4* to = reinterpret_cast<float4*>(row + at);
        const float4 old = beta == 0.0f ? make_float4(0.0f, 0.0f, 0.0f, 0.0f) : *to;
        *to = make_float4(blend(alpha, sum[0], beta, &old.x), blend(alpha, sum[1], beta, &old.y),
                          blend(alpha, sum[2], beta, &old.z), blend(alpha, sum[3], beta, &old.w));
    } else {
#pragma unroll
        for (int j = 0; j < PACK; ++j)
            if (at + j < length) row[at + j] = blend(alpha, sum[j], beta, row + at + j);
    }
}

// ---------------------------------------------------------------- shared memory

struct Tiles {
    float a[DEPTH][A_STRIDE];  // transposed: the rows of C that a thread works on lie side by side
    float b[DEPTH][TILE];
};

// Two quads of floats, `step` apart, as two 16-byte loads.
__device__ void load_quads(float (&v)[8], const float* from, int step) {
    const float4 low = *reinterpret_cast<const float4*>(from);
    const float4 high = *reinterpret_cast<const float4*>(from + step);
    v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
    v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
}

// ---------------------------------------------------------------- the kernel

template <bool PACKS>
__global__ void __launch_bounds__(THREADS, BLOCKS)
    gemm_register_tiled(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, int M, int N,
                        int K, float alpha, float beta) {
    __shared__ alignas(16) Tiles tiles[2];

    // What this thread brings. A: half a row of the tile, a sector of 32 bytes with its neighbour.
    const int a_row = threadIdx.x / 2, a_k = threadIdx.x % 2 * PACK;
    const int b_k = threadIdx.x / PACKS_ACROSS, b_col = threadIdx.x % PACKS_ACROSS * PACK;
    const int top = blockIdx.y * TILE, left = blockIdx.x * TILE;
    const float* a_from = A + (top + a_row) * K;
    const bool a_inside = top + a_row < M;

    // What it computes: rows my_row + 0…3 and + 16…19, columns my_col + 0…3 and + 32…35 of the block's square.
    // Lanes i and i ^ 1 share a quad of b, lanes i and i ^ 2 one of a. Shared memory serves 16-byte loads eight lanes
    // at a time, and such pairs let it take two groups together.
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int lane_row = lane / 16 * 2 + lane % 2, lane_col = lane / 2 % 8;
    const int my_row = warp / WARPS_ACROSS * WARP_ROWS + lane_row * PACK;
    const int my_col = warp % WARPS_ACROSS * WARP_COLS + lane_col * PACK;

    float sum[8][8] = {};  // registers, as long as every index is known when the code is compiled: unroll all loops
    float4 next_a, next_b;

    auto fetch_tile = [&](int k0) {
        next_a = fetch<PACKS>(a_from, a_inside, k0 + a_k, K);
        next_b = fetch<PACKS>(B + (k0 + b_k) * N, k0 + b_k < K, left + b_col, N);
    };
    auto store_tile = [&](Tiles& to) {
        to.a[a_k + 0][a_row] = next_a.x;  // transposed on the way
        to.a[a_k + 1][a_row] = next_a.y;
        to.a[a_k + 2][a_row] = next_a.z;
        to.a[a_k + 3][a_row] = next_a.w;
        *reinterpret_cast<float4*>(&to.b[b_k][b_col]) = next_b;
    };

    fetch_tile(0);
    store_tile(tiles[0]);
    __syncthreads();  // the first tile is complete

    for (int k0 = 0, now = 0; k0 < K; k0 += DEPTH, now ^= 1) {
        const bool more = k0 + DEPTH < K;
        if (more) fetch_tile(k0 + DEPTH);  // on its way during the 512 multiply-adds below

#pragma unroll
        for (int k = 0; k < DEPTH; ++k) {
            float x[8], y[8];
            load_quads(x, &tiles[now].a[k][my_row], ROW_STEP);
            load_quads(y, &tiles[now].b[k][my_col], COL_STEP);
#pragma unroll
            for (int i = 0; i < 8; ++i)
#pragma unroll
                for (int j = 0; j < 8; ++j) sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
        }

        if (more) store_tile(tiles[now ^ 1]);  // everybody was done with that one before the last barrier
        __syncthreads();  // the next tile is complete, and nobody reads this one any more
    }

#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int row = top + my_row + i / PACK * ROW_STEP + i % PACK;
        if (row >= M) continue;
        update<PACKS>(C + row * N, left + my_col, N, &sum[i][0], alpha, beta);
        update<PACKS>(C + row * N, left + my_col + COL_STEP, N, &sum[i][PACK], alpha, beta);
    }
}

// ---------------------------------------------------------------- launch

extern "C" cudaError_t launch_gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                                  float alpha, float beta, cudaStream_t stream) {
    const dim3 grid((N + TILE - 1) / TILE, (M + TILE - 1) / TILE);
    if (K % PACK == 0 && N % PACK == 0)  // then every row of every matrix starts at a 16-byte boundary
        gemm_register_tiled<true><<<grid, THREADS, 0, stream>>>(A, B, C, M, N, K, alpha, beta);
    else
        gemm_register_tiled<false><<<grid, THREADS, 0, stream>>>(A, B, C, M, N, K, alpha, beta);
    return cudaGetLastError();
}
