// 25 Strided batched SGEMM: C[i] = A[i] * B[i] for 0 <= i < batch.
//
// A[i] is an (M, K) fp32 matrix, row-major, that starts i * strideA floats after A. B[i] is (K, N) and C[i] is (M, N),
// with strideB and strideC. strideA or strideB may be 0: the same matrix for all products.
// Run it with:  python -m grader run 25_gemm_batched_strided

#include <cuda_runtime.h>
#include <cstdint>

__global__ void gemm_batched_strided(const float* A, const float* B, float* C, int M, int N, int K, int64_t strideA,
                                     int64_t strideB, int64_t strideC) {
    // TODO: find this block's product and its three matrices; then one tile of that product, as in exercise 22.
}

extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    // TODO: choose a three-dimensional grid and a block, and launch on `stream`:
    // gemm_batched_strided<<<grid, block, 0, stream>>>(A, B, C, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
