// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one-dimensional thread tiles: 8 rows of one column each, with 64 x 64 tiles and 512 threads.

#include <cuda_runtime.h>

constexpr int S = 64, D = 8, R = 8, THREADS = 512;

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K, float alpha, float beta) {
    __shared__ float a[S][D], b[D][S];
    const int t = threadIdx.x, tx = t % S, ty = t / S, top = blockIdx.y * S, left = blockIdx.x * S;
    const int row = top + t / D, col = left + tx;
    float sum[R] = {};
    for (int k0 = 0; k0 < K; k0 += D) {
        a[t / D][t % D] = row < M && k0 + t % D < K ? A[row * K + k0 + t % D] : 0.0f;
        b[ty][tx] = k0 + ty < K && col < N ? B[(k0 + ty) * N + col] : 0.0f;
        __syncthreads();
        for (int k = 0; k < D; ++k) {
            const float y = b[k][tx];
            for (int i = 0; i < R; ++i) sum[i] = fmaf(a[ty * R + i][k], y, sum[i]);
        }
        __syncthreads();
    }
    for (int i = 0; i < R; ++i) {
        const int r = top + ty * R + i;
        if (r >= M || col >= N) continue;
        const float product = alpha * sum[i];
        C[r * N + col] = beta == 0.0f ? product : product + beta * C[r * N + col];
    }
}

extern "C" cudaError_t launch_gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                                  float alpha, float beta, cudaStream_t stream) {
    const dim3 grid((N + S - 1) / S, (M + S - 1) / S);
    gemm<<<grid, THREADS, 0, stream>>>(A, B, C, M, N, K, alpha, beta);
    return cudaGetLastError();
}
