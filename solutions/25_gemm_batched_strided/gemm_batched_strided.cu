// 25 Strided batched SGEMM: C[i] = A[i] * B[i] for 0 <= i < batch.
//
// A[i] is an (M, K) fp32 matrix, row-major, that starts i * strideA floats after A. B[i] is (K, N) and C[i] is (M, N),
// with strideB and strideC. A stride of 0 means one matrix for all products. A, B and C start at multiples of 16 bytes.
//
// blockIdx.z is the number of the product. The rest is rung 3 of the ladder (exercise 23) with small blocks: a matrix
// of 128 x 128 would be one block there, and is four here.
//   block   64 x 64 of C, 8 steps of k at a time, from shared memory
//   warp    32 x 64 of that: two warps
//   thread   8 x 8  of that: 4 x 8 lanes, each with four squares of 4 x 4

#include <cuda_runtime.h>
#include <cstdint>

constexpr int WARP = 32;
constexpr int PACK = 4;      // floats in a float4
constexpr int TILE = 64;     // rows and columns of C per block
constexpr int DEPTH = 8;     // steps of k per tile
constexpr int THREADS = 64;  // a barrier stops two warps, not a whole SM
constexpr int BLOCKS = 8;    // per SM: 128 registers a thread; while one begins or ends, seven others compute

constexpr int WARP_ROWS = 32;                         // of C per warp; it has all 64 columns
constexpr int ROW_STEP = 16, COL_STEP = 32;           // between a thread's two quads of rows, and of columns
constexpr int LOADS = TILE * DEPTH / PACK / THREADS;  // float4 that a thread brings of either matrix: 2
constexpr int PACKS_ACROSS = TILE / PACK;             // float4 in a row of B's tile
constexpr int A_STEP = THREADS / (DEPTH / PACK);      // rows between a thread's two packs of A
constexpr int B_STEP = THREADS / PACKS_ACROSS;        // steps of k between its two packs of B

// 68 floats, not 64: a warp stores 16 rows at two k that are 4 apart, and 4 * 68 is 16 banks further on (modulo 32).
constexpr int A_STRIDE = TILE + 4;

// ---------------------------------------------------------------- global memory: zeros beyond the edges

// Elements at, …, at + 3 of a row of `length`. PACKS: a float4 is aligned, and inside or outside as a whole.
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

template <bool PACKS>
__device__ void store(float* row, int at, int length, const float* v) {
    if constexpr (PACKS) {
        if (at < length) *reinterpret_cast<float4*>(row + at) = make_float4(v[0], v[1], v[2], v[3]);
    } else {
#pragma unroll
        for (int j = 0; j < PACK; ++j)
            if (at + j < length) row[at + j] = v[j];
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
    gemm_batched_strided(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, int M, int N,
                         int K, int64_t strideA, int64_t strideB, int64_t strideC) {
    __shared__ alignas(16) Tiles tiles[2];

    // From here on there is one product. 64 bits: 60,000 matrices of 256 x 256 do not fit in 32.
    A += blockIdx.z * strideA;
    B += blockIdx.z * strideB;
    C += blockIdx.z * strideC;

    // What this thread brings: a pack from each of two rows of A, and of B.
    const int a_row = threadIdx.x / 2, a_k = threadIdx.x % 2 * PACK;
    const int b_k = threadIdx.x / PACKS_ACROSS, b_col = threadIdx.x % PACKS_ACROSS * PACK;
    const int top = blockIdx.y * TILE, left = blockIdx.x * TILE;

    // What it computes. Lanes i and i ^ 1 share a quad of b, lanes i and i ^ 2 one of a, as in exercise 23.
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int my_row = warp * WARP_ROWS + (lane / 16 * 2 + lane % 2) * PACK;
    const int my_col = lane / 2 % 8 * PACK;

    float sum[8][8] = {};
    float4 next_a[LOADS], next_b[LOADS];

    auto fetch_tile = [&](int k0) {
#pragma unroll
        for (int i = 0; i < LOADS; ++i) {
            const int row = top + a_row + i * A_STEP, k = k0 + b_k + i * B_STEP;
            next_a[i] = fetch<PACKS>(A + row * K, row < M, k0 + a_k, K);
            next_b[i] = fetch<PACKS>(B + k * N, k < K, left + b_col, N);
        }
    };
    auto store_tile = [&](Tiles& to) {
#pragma unroll
        for (int i = 0; i < LOADS; ++i) {
            to.a[a_k + 0][a_row + i * A_STEP] = next_a[i].x;  // transposed on the way
            to.a[a_k + 1][a_row + i * A_STEP] = next_a[i].y;
            to.a[a_k + 2][a_row + i * A_STEP] = next_a[i].z;
            to.a[a_k + 3][a_row + i * A_STEP] = next_a[i].w;
            *reinterpret_cast<float4*>(&to.b[b_k + i * B_STEP][b_col]) = next_b[i];
        }
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
        store<PACKS>(C + row * N, left + my_col, N, &sum[i][0]);
        store<PACKS>(C + row * N, left + my_col + COL_STEP, N, &sum[i][PACK]);
    }
}

// ---------------------------------------------------------------- launch

// batch is at most 65,535, the limit of gridDim.z; more would be walked in a loop over blockIdx.z.
extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    const dim3 grid((N + TILE - 1) / TILE, (M + TILE - 1) / TILE, batch);
    // Then every row of every matrix starts at a 16-byte boundary.
    if (K % PACK == 0 && N % PACK == 0 && strideA % PACK == 0 && strideB % PACK == 0 && strideC % PACK == 0)
        gemm_batched_strided<true><<<grid, THREADS, 0, stream>>>(A, B, C, M, N, K, strideA, strideB, strideC);
    else
        gemm_batched_strided<false><<<grid, THREADS, 0, stream>>>(A, B, C, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
