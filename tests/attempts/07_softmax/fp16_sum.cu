// expect: WRONG precision
// why: the sum of the exponentials is accumulated in fp16, which holds 11 bits
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float block_max(float v, float* shared) {
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] = fmaxf(shared[threadIdx.x], shared[threadIdx.x + half]);
        __syncthreads();
    }
    return shared[0];
}

__device__ float block_sum(float v, float* shared) {
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

__global__ void softmax(const float* x, float* y, int64_t rows, int64_t cols) {
    __shared__ float shared[BLOCK];
    x += blockIdx.x * cols;
    y += blockIdx.x * cols;
    float top = -FLT_MAX;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) top = fmaxf(top, x[c]);
    top = block_max(top, shared);
    __syncthreads();  // shared[0] has been read by all: the array may be used again
    __half part = __float2half(0.0f);
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) part = __float2half(__half2float(part) + expf(x[c] - top));
    const float sum = block_sum(__half2float(part), shared);
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    softmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, y, rows, cols);
    return cudaGetLastError();
}
