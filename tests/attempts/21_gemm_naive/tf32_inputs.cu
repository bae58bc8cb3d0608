// expect: WRONG
// why: A and B are rounded to TF32, as tensor cores read them: 10 bits behind the point instead of 23.

#include <cuda_runtime.h>

// The nearest number with 10 bits behind the point.
__device__ float tf32(float x) { return __uint_as_float((__float_as_uint(x) + 0x1000u) & ~0x1fffu); }

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= M || col >= N) return;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k) sum = fmaf(tf32(A[row * K + k]), tf32(B[k * N + col]), sum);
    C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(32, 16), grid((N + 31) / 32, (M + 15) / 16);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
