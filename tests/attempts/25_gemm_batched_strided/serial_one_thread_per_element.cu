// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one thread per element of the whole batch, one product after the other in fp32, is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void gemm(const float* A, const float* B, float* C, int batch, int M, int N, int K, int64_t strideA,
                     int64_t strideB, int64_t strideC) {
    const int64_t at = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, i = at / (M * N);
    if (i >= batch) return;
    const int row = int(at % (M * N)) / N, col = int(at % (M * N)) % N;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k)
        sum = __fadd_rn(sum, __fmul_rn(A[i * strideA + row * K + k], B[i * strideB + k * N + col]));
    C[i * strideC + row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    const int64_t count = int64_t(batch) * M * N;
    gemm<<<unsigned((count + 255) / 256), 256, 0, stream>>>(A, B, C, batch, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
