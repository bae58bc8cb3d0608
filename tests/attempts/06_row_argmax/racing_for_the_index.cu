// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: every thread that finds the maximum writes its column; with ties it is chance which of them stays
#include <cuda_runtime.h>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols) {
    __shared__ float value[BLOCK];
    const float* row = x + blockIdx.x * cols;
    float best = -INFINITY;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) best = fmaxf(best, row[c]);
    value[threadIdx.x] = best;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) value[threadIdx.x] = fmaxf(value[threadIdx.x], value[threadIdx.x + half]);
        __syncthreads();
    }
    if (threadIdx.x == 0) max_val[blockIdx.x] = value[0];
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK)
        if (row[c] == value[0]) idx[blockIdx.x] = c;
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    row_argmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, max_val, idx, rows, cols);
    return cudaGetLastError();
}
