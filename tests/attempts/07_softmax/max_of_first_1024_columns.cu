// expect: WRONG overflow
// why: the maximum is taken over the first 1,024 columns only, so a larger element beyond them overflows
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
    for (int64_t c = threadIdx.x; c < cols && c < 1024; c += BLOCK) top = fmaxf(top, x[c]);
    top = block_max(top, shared);
    __syncthreads();  // shared[0] has been read by all: the array may be used again
    float sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) sum += expf(x[c] - top);
    sum = block_sum(sum, shared);
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    softmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, y, rows, cols);
    return cudaGetLastError();
}
