// 21 SGEMM, rung 1: C = A * B, one thread per element of C.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding.
//
// No shared memory and no vector loads yet: the lanes of a warp stand side by side in a row of C, and that alone makes
// every load of B one line of 128 bytes and every load of A a broadcast.

#include <cuda_runtime.h>

constexpr int kColumns = 32;  // of C per block: one warp's, so that its loads of B and its stores are one line
constexpr int kRows = 16;     // of C per block: as many warps read the same line of B, all but one from the L1 cache
constexpr int kUnroll = 8;    // steps whose loads are issued before the first product is needed

__global__ void __launch_bounds__(kColumns* kRows)
    gemm_naive(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, int M, int N, int K) {
    const int col = blockIdx.x * kColumns + threadIdx.x;  // x runs along the row: neighbours in memory
    const int row = blockIdx.y * kRows + threadIdx.y;     // the same for all lanes of a warp
    if (row >= M || col >= N) return;                     // no barrier below: threads may leave

    const float* a = A + row * K;  // walks along its row
    const float* b = B + col;      // walks down its column
    float sum = 0.0f;              // in a register for all of the loop: C is written once, and never read
    // The sum itself stays one chain in the order of k, but no load waits for it.
#pragma unroll kUnroll
    for (int k = 0; k < K; ++k, b += N) sum = fmaf(a[k], *b, sum);
    C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(kColumns, kRows), grid((N + kColumns - 1) / kColumns, (M + kRows - 1) / kRows);
    gemm_naive<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
