// expect: UNSAFE uninit
// why: adds to what lies in C; nobody has cleared it.

#include <cuda_runtime.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= M || col >= N) return;
    float sum = 0.0f;
    for (int k = blockIdx.z; k < K; k += gridDim.z) sum = fmaf(A[row * K + k], B[k * N + col], sum);
    atomicAdd(&C[row * N + col], sum);
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(32, 8), grid((N + 31) / 32, (M + 7) / 8, 4);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
