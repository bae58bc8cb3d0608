// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a few layers of blocks that walk over all products, with the pointers moved each time.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int T = 16;

__global__ void gemm(const float* A, const float* B, float* C, int batch, int M, int N, int K, int64_t strideA,
                     int64_t strideB, int64_t strideC) {
    const int col = blockIdx.x * T + threadIdx.x, row = blockIdx.y * T + threadIdx.y;
    if (row >= M || col >= N) return;
    for (int64_t i = blockIdx.z; i < batch; i += gridDim.z) {
        float sum = 0.0f;
        for (int k = 0; k < K; ++k) sum = fmaf(A[i * strideA + row * K + k], B[i * strideB + k * N + col], sum);
        C[i * strideC + row * N + col] = sum;
    }
}

extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    const dim3 block(T, T), grid((N + T - 1) / T, (M + T - 1) / T, 7);
    gemm<<<grid, block, 0, stream>>>(A, B, C, batch, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
