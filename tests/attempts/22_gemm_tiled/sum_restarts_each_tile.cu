// expect: WRONG
// why: the sum starts at 0 in every tile, so only the last tile's products are left.

#include <cuda_runtime.h>

constexpr int T = 32;

__global__ void __launch_bounds__(T* T) gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    __shared__ float a[T][T], b[T][T];
    const int tx = threadIdx.x, ty = threadIdx.y, col = blockIdx.x * T + tx, row = blockIdx.y * T + ty;
    float sum;
    for (int k0 = 0; k0 < K; k0 += T) {
        sum = 0.0f;
        a[ty][tx] = row < M && k0 + tx < K ? A[row * K + k0 + tx] : 0.0f;
        b[ty][tx] = k0 + ty < K && col < N ? B[(k0 + ty) * N + col] : 0.0f;
        __syncthreads();
        for (int k = 0; k < T; ++k) sum = fmaf(a[ty][k], b[k][tx], sum);
        __syncthreads();
    }
    if (row < M && col < N) C[row * N + col] = sum;
}

extern "C" cudaError_t launch_gemm_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(T, T), grid((N + T - 1) / T, (M + T - 1) / T);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
