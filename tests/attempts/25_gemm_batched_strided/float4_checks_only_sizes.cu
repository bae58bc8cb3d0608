// expect: UNSAFE | CRASH
// why: K and N are divisible by 4, but the stride need not be: the second matrix starts at any float.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int T = 16;

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K, int64_t strideA, int64_t strideB,
                     int64_t strideC) {
    const int col = blockIdx.x * T + threadIdx.x, row = blockIdx.y * T + threadIdx.y;
    if (row >= M || col >= N) return;
    const float* a = A + blockIdx.z * strideA + row * K;
    const float* b = B + blockIdx.z * strideB + col;
    float sum = 0.0f;
    if (K % 4 == 0) {
        for (int k = 0; k < K; k += 4, b += 4 * N) {
            const float4 v = *reinterpret_cast<const float4*>(a + k);
            sum = fmaf(v.x, b[0], sum);
            sum = fmaf(v.y, b[N], sum);
            sum = fmaf(v.z, b[2 * N], sum);
            sum = fmaf(v.w, b[3 * N], sum);
        }
    } else {
        for (int k = 0; k < K; ++k, b += N) sum = fmaf(a[k], *b, sum);
    }
    C[blockIdx.z * strideC + row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_batched_strided(const float* A, const float* B, float* C, int batch, int M, int N,
                                                   int K, int64_t strideA, int64_t strideB, int64_t strideC,
                                                   cudaStream_t stream) {
    const dim3 block(T, T), grid((N + T - 1) / T, (M + T - 1) / T, batch);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K, strideA, strideB, strideC);
    return cudaGetLastError();
}
