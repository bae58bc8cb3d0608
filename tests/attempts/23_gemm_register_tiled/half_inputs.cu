// expect: WRONG
// why: the tiles hold fp16: A and B are rounded to 11 bits.

#include <cuda_runtime.h>
#include <cuda_fp16.h>

constexpr int S = 64, D = 16, R = 4;  // side and depth of the tiles, side of a thread's square

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K, float alpha, float beta) {
    __shared__ __half a[D][S + 1], b[D][S];
    const int t = threadIdx.x, tx = t % 16, ty = t / 16, top = blockIdx.y * S, left = blockIdx.x * S;
    float sum[R][R] = {};
    for (int k0 = 0; k0 < K; k0 += D) {
        for (int i = t; i < S * D; i += 256) {
            const int r = i / D, k = i % D;
            a[k][r] = __float2half(top + r < M && k0 + k < K ? A[(top + r) * K + k0 + k] : 0.0f);
        }
        for (int i = t; i < D * S; i += 256) {
            const int k = i / S, c = i % S;
            b[k][c] = __float2half(k0 + k < K && left + c < N ? B[(k0 + k) * N + left + c] : 0.0f);
        }
        __syncthreads();
        for (int k = 0; k < D; ++k)
            for (int i = 0; i < R; ++i)
                for (int j = 0; j < R; ++j) 
                    sum[i][j] = fmaf(__half2float(a[k][ty * R + i]), __half2float(b[k][tx * R + j]), sum[i][j]);
        __syncthreads();
    }
    for (int i = 0; i < R; ++i) {
        for (int j = 0; j < R; ++j) {
            const int row = top + ty * R + i, col = left + tx * R + j;
            if (row >= M || col >= N) continue;
            float* c = C + row * N + col;
            *c = alpha * sum[i][j] + (beta == 0.0f ? 0.0f : beta * *c);
        }
    }
}

extern "C" cudaError_t launch_gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                                  float alpha, float beta, cudaStream_t stream) {
    const dim3 grid((N + S - 1) / S, (M + S - 1) / S);
    gemm<<<grid, 256, 0, stream>>>(A, B, C, M, N, K, alpha, beta);
    return cudaGetLastError();
}
