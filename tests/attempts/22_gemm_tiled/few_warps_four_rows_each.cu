// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: 256 threads with four rows of C each share tiles of 32 × 32.

#include <cuda_runtime.h>

constexpr int T = 32, ROWS = 8;  // of threads

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    __shared__ float a[T][T + 1], b[T][T + 1];
    const int tx = threadIdx.x, ty = threadIdx.y, col = blockIdx.x * T + tx, top = blockIdx.y * T;
    float sum[T / ROWS] = {};
    for (int k0 = 0; k0 < K; k0 += T) {
        __syncthreads();
        for (int r = ty; r < T; r += ROWS) {
            a[r][tx] = top + r < M && k0 + tx < K ? A[(top + r) * K + k0 + tx] : 0.0f;
            b[r][tx] = k0 + r < K && col < N ? B[(k0 + r) * N + col] : 0.0f;
        }
        __syncthreads();
        for (int k = 0; k < T && k0 + k < K; ++k)
            for (int i = 0; i < T / ROWS; ++i) sum[i] = fmaf(a[ty + i * ROWS][k], b[k][tx], sum[i]);
    }
    for (int i = 0; i < T / ROWS; ++i) {
        const int row = top + ty + i * ROWS;
        if (row < M && col < N) C[row * N + col] = sum[i];
    }
}

extern "C" cudaError_t launch_gemm_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    const dim3 block(T, ROWS), grid((N + T - 1) / T, (M + T - 1) / T);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
