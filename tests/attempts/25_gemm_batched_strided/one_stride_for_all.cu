// expect: WRONG | UNSAFE
// why: strideA moves all three pointers; with square matrices and no gap nobody would see it.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int T = 16;

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K, int64_t strideA, int64_t strideB,
                     int64_t strideC) {
    __shared__ float a[T][T], b[T][T];
    const int tx = threadIdx.x, ty = threadIdx.y, col = blockIdx.x * T + tx, row = blockIdx.y * T + ty;
    A += blockIdx.z * strideA;
    B += blockIdx.z * strideA;
    C += blockIdx.z * strideA;
    float sum = 0.0f;
    for (int k0 = 0; k0 < K; k0 += T) {
        a[ty][tx] = row < M && k0 + tx < K ? A[row * K + k0 + tx] : 0.0f;
        b[ty][tx] = k0 + ty < K && col < N ? B[(k0 + ty) * N + col] : 0.0f;
        __syncthreads();
        for (int k = 0; k < T; ++k) sum = fmaf(a[ty][k], b[k][tx], sum);
        __syncthreads();
    }
    if (row < M && col < N) C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    const dim3 block(T, T), grid((N + T - 1) / T, (M + T - 1) / T, batch);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
