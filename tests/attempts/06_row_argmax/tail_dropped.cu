// expect: WRONG
// why: the number of steps is cols / BLOCK rounded down, so the last cols % BLOCK columns are never looked at
#include <cuda_runtime.h>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ bool better(float v, int32_t c, float than, int32_t at) { return v > than || (v == than && c < at); }

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols) {
    __shared__ float value[BLOCK];
    __shared__ int32_t column[BLOCK];
    const float* row = x + blockIdx.x * cols;
    float best = -INFINITY;
    int32_t at = INT_MAX;
    for (int64_t c = threadIdx.x; c < cols / BLOCK * BLOCK; c += BLOCK)
        if (better(row[c], c, best, at)) best = row[c], at = c;
    value[threadIdx.x] = best;
    column[threadIdx.x] = at;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        const int other = threadIdx.x + half;
        if (threadIdx.x < half && better(value[other], column[other], value[threadIdx.x], column[threadIdx.x])) {
            value[threadIdx.x] = value[other];
            column[threadIdx.x] = column[other];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        max_val[blockIdx.x] = value[0];
        idx[blockIdx.x] = column[0];
    }
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    row_argmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, max_val, idx, rows, cols);
    return cudaGetLastError();
}
