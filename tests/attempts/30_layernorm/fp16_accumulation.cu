// expect: WRONG precision | WRONG overflow | WRONG
// why: each thread adds up its elements and squares in fp16
#include <cuda_fp16.h>
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
    x += blockIdx.x * int64_t{cols};
    y += blockIdx.x * int64_t{cols};
    __half sum = __float2half(0.0f);
    for (int c = threadIdx.x; c < cols; c += BLOCK) sum = __hadd(sum, __float2half(x[c]));
    const float mean = block_sum(__half2float(sum), shared) / cols;
    __syncthreads();  // all have read shared[0]: the array may be used again
    __half squares = __float2half(0.0f);
    for (int c = threadIdx.x; c < cols; c += BLOCK) squares = __hadd(squares, __float2half((x[c] - mean) * (x[c] - mean)));
    const float inv = rsqrtf(block_sum(__half2float(squares), shared) / cols + eps);
    for (int c = threadIdx.x; c < cols; c += BLOCK) y[c] = (x[c] - mean) * inv * gamma[c] + beta[c];
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    layernorm<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, gamma, beta, y, cols, eps);
    return cudaGetLastError();
}
