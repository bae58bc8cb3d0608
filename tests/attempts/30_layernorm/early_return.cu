// expect: UNSAFE divergence
// expect(cuda): UNSAFE | WRONG
// why: threads beyond the last column return before the barriers of the others
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

__global__ void layernorm(const float* x, const float* gamma, const float* beta, float* y, int cols, float eps) {
    __shared__ float shared[BLOCK];
    if (threadIdx.x >= cols) return;
    x += blockIdx.x * int64_t{cols};
    y += blockIdx.x * int64_t{cols};
    float sum = 0.0f;
    for (int c = threadIdx.x; c < cols; c += BLOCK) sum += x[c];
    const float mean = block_sum(sum, shared) / cols;
    __syncthreads();  // all have read shared[0]: the array may be used again
    float squares = 0.0f;
    for (int c = threadIdx.x; c < cols; c += BLOCK) squares += (x[c] - mean) * (x[c] - mean);
    const float inv = rsqrtf(block_sum(squares, shared) / cols + eps);
    for (int c = threadIdx.x; c < cols; c += BLOCK) y[c] = (x[c] - mean) * inv * gamma[c] + beta[c];
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    layernorm<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, gamma, beta, y, cols, eps);
    return cudaGetLastError();
}
