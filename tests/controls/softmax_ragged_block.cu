// control: 07_softmax
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: blocks of 96 threads, no power of two, an online maximum and sum, merged in shared memory by one thread
#include <cuda_runtime.h>
#include <cstdint>

struct Running {
    float top = -INFINITY, sum = 0.0f;
    __device__ void add(float other_top, float other_sum) {
        const float higher = fmaxf(top, other_top);
        if (higher == -INFINITY) return;  // nothing but -inf so far: exp of inf - inf is NaN
        sum = sum * expf(top - higher) + other_sum * expf(other_top - higher);
        top = higher;
    }
};

__global__ void softmax(const float* x, float* y, int64_t cols) {
    __shared__ float tops[96], sums[96];
    const int64_t from = blockIdx.x * cols;
    Running mine;
    for (int64_t c = threadIdx.x; c < cols; c += 96) mine.add(x[from + c], 1.0f);
    tops[threadIdx.x] = mine.top;
    sums[threadIdx.x] = mine.sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int k = 1; k < 96; ++k) mine.add(tops[k], sums[k]);
        tops[0] = mine.top;
        sums[0] = mine.sum;
    }
    __syncthreads();
    for (int64_t c = threadIdx.x; c < cols; c += 96) y[from + c] = expf(x[from + c] - tops[0]) / sums[0];
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    softmax<<<unsigned(rows), 96, 0, stream>>>(x, y, cols);
    return cudaGetLastError();
}
