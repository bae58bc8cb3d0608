// expect: WRONG
// why: a row in registers, 0 beyond its end: these zeros minus the mean are squared and added too
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

// The block's sum, for every thread.
__device__ float block_sum(float v, float* shared) {
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

constexpr int ITEMS = 64;  // 256 * 64 = 16,384 columns

__global__ void layernorm(const float* x, const float* gamma, const float* beta, float* y, int cols, float eps) {
    __shared__ float shared[BLOCK];
    x += blockIdx.x * int64_t{cols};
    y += blockIdx.x * int64_t{cols};
    float v[ITEMS], sum = 0.0f, squares = 0.0f;
    for (int i = 0; i < ITEMS; ++i) {
        const int c = i * BLOCK + threadIdx.x;
        v[i] = c < cols ? x[c] : 0.0f;
        sum += v[i];
    }
    const float mean = block_sum(sum, shared) / cols;
    __syncthreads();
    for (int i = 0; i < ITEMS; ++i) squares += (v[i] - mean) * (v[i] - mean);
    const float inv = rsqrtf(block_sum(squares, shared) / cols + eps);
    for (int i = 0; i < ITEMS; ++i) {
        const int c = i * BLOCK + threadIdx.x;
        if (c < cols) y[c] = (v[i] - mean) * inv * gamma[c] + beta[c];
    }
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    layernorm<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, gamma, beta, y, cols, eps);
    return cudaGetLastError();
}
