// expect(cuda): WRONG | CRASH | UNSAFE launch
// expect(simulator): UNSAFE launch
// why: a block has at most 1,024 threads: the launch fails, and nobody runs.

#include <cuda_runtime.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= M || col >= N) return;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k) sum = fmaf(A[row * K + k], B[k * N + col], sum);
    C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(64, 32), grid((N + 63) / 64, (M + 31) / 32);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
