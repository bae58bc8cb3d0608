// expect: WRONG
// why: the running sum is rounded to fp16 at every step.

#include <cuda_runtime.h>
#include <cuda_fp16.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= M || col >= N) return;
    __half sum = __float2half(0.0f);
    for (int k = 0; k < K; ++k) sum = __float2half(fmaf(A[row * K + k], B[k * N + col], __half2float(sum)));
    C[row * N + col] = __half2float(sum);
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(32, 16), grid((N + 31) / 32, (M + 15) / 16);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
