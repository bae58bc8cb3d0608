// expect: UNSAFE padding
// why: C is cleared as one piece before sums are added to it: the gaps between its matrices are cleared too.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int T = 16;

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K, int64_t strideA, int64_t strideB,
                     int64_t strideC) {
    const int col = blockIdx.x * T + threadIdx.x, row = blockIdx.y * T + threadIdx.y;
    if (row >= M || col >= N) return;
    A += blockIdx.z * strideA;
    B += blockIdx.z * strideB;
    C += blockIdx.z * strideC;
    for (int k = 0; k < K; ++k) C[row * N + col] += A[row * K + k] * B[k * N + col];
}

extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(C, 0, sizeof(float) * batch * strideC, stream)) return error;
    const dim3 block(T, T), grid((N + T - 1) / T, (M + T - 1) / T, batch);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
