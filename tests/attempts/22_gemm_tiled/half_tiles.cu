// expect: WRONG
// why: the tiles are kept in fp16 to save shared memory.

#include <cuda_runtime.h>
#include <cuda_fp16.h>

constexpr int T = 32;

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    __shared__ __half a[T][T], b[T][T];
    const int tx = threadIdx.x, ty = threadIdx.y, col = blockIdx.x * T + tx, row = blockIdx.y * T + ty;
    float sum = 0.0f;
    for (int k0 = 0; k0 < K; k0 += T) {
        a[ty][tx] = __float2half(row < M && k0 + tx < K ? A[row * K + k0 + tx] : 0.0f);
        b[ty][tx] = __float2half(k0 + ty < K && col < N ? B[(k0 + ty) * N + col] : 0.0f);
        __syncthreads();
        for (int k = 0; k < T; ++k) sum = fmaf(__half2float(a[ty][k]), __half2float(b[k][tx]), sum);
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
