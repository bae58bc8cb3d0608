// 22 SGEMM, rung 2: C = A * B, with tiles of A and B in shared memory.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding.
//
// Rung 1, and one idea more: the 1,024 threads of a block need 32 rows of A and 32 columns of B between them. They
// bring both to shared memory, 32 steps of k at a time, and each element that was loaded once is used 32 times.

#include <cuda_runtime.h>

constexpr int kTile = 32;   // a row of a tile is one warp: 128 bytes in memory, all 32 banks in shared memory
constexpr int kBlocks = 2;  // of 1,024 threads fill an SM: one computes while the other waits at its barrier

__global__ void __launch_bounds__(kTile* kTile, kBlocks)
    gemm_tiled(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, int M, int N, int K) {
    // The inner loop walks along a row of `a`. Aligned rows let the compiler read four of its elements at once.
    __shared__ alignas(16) float a[kTile][kTile];
    __shared__ float b[kTile][kTile];

    const int tx = threadIdx.x, ty = threadIdx.y;  // tx runs along rows: in memory, in the tiles and in C
    const int col = blockIdx.x * kTile + tx, row = blockIdx.y * kTile + ty;
    float sum = 0.0f;

    for (int k0 = 0; k0 < K; k0 += kTile) {  // the last tile may be cut: K is any number
        // Zeros beyond the edges add nothing to any sum, so the inner loop needs no guard and is unrolled whole.
        a[ty][tx] = row < M && k0 + tx < K ? A[row * K + k0 + tx] : 0.0f;
        b[ty][tx] = k0 + ty < K && col < N ? B[(k0 + ty) * N + col] : 0.0f;
        __syncthreads();  // a thread reads what 62 others have stored

#pragma unroll
        for (int k = 0; k < kTile; ++k)
            sum = fmaf(a[ty][k], b[k][tx], sum);  // one word for the whole warp; 32 neighbours in 32 banks
        __syncthreads();  // nobody stores the next tile while somebody still reads this one
    }

    if (row < M && col < N) C[row * N + col] = sum;  // only here: every thread has to come to every barrier
}

extern "C" cudaError_t launch_gemm_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(kTile, kTile), grid((N + kTile - 1) / kTile, (M + kTile - 1) / kTile);
    gemm_tiled<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
