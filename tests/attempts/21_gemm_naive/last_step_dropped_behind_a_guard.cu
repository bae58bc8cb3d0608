// expect: WRONG
// why: the last k is dropped. That behind the guard a variable without a value is copied, and not used, is no reason.

#include <cuda_runtime.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= M || col >= N) return;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k) {
        float a;
        if (k < K - 1) a = A[row * K + k];
        const float copy = a;
        if (k < K - 1) sum += copy * B[k * N + col];
    }
    C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(16, 16), grid((N + 15) / 16, (M + 15) / 16);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
