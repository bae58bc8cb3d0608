// 21 SGEMM, rung 1: C = A * B, one thread per element of C.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding.
//
// No shared memory and no vector loads yet: the lanes of a warp stand side by side in a row of C, and that alone makes
// every load of B one line of 128 bytes and every load of A a broadcast.

#include <cuda_runtime.h>

constexpr int kColumns = 128;  // of C per block: 32 a warp, so that its loads of B and its stores are one line
constexpr int kRows = 1;       // of C per block: all warps read the same element of A, and no line of B twice

__global__ void gemm_naive(const float* A, const float* B, float* C, int M, int N, int K) {
    const int col = blockIdx.x * kColumns + threadIdx.x;  // x runs along the row: neighbours in memory
    const int row = blockIdx.y * kRows + threadIdx.y;     // the same for all lanes of a warp
    if (row >= M || col >= N) return;                     // no barrier below: threads may leave

    float sum = 0.0f;  // in a register for all of the loop: C is written once, and never read
    for (int k = 0; k < K; ++k) sum = fmaf(A[row * K + k], B[k * N + col], sum);
    C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(kColumns, kRows), grid((N + kColumns - 1) / kColumns, (M + kRows - 1) / kRows);
    gemm_naive<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
