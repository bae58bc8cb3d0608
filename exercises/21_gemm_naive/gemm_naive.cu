// 21 SGEMM, rung 1: C = A * B, one thread per element of C.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding.
// Run it with:  python -m grader run 21_gemm_naive

#include <cuda_runtime.h>

__global__ void gemm_naive(const float* A, const float* B, float* C, int M, int N, int K) {
    // TODO: find this thread's row and column of C; add up A[row, k] * B[k, col] over all k; write C once.
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    // TODO: choose a two-dimensional grid and block, and launch on `stream`:
    // gemm_naive<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
