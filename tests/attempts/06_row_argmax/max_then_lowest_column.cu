// expect: PASS
// expect(cuda): PASS | SLOW
// why: two launches, first the maximum, then the lowest column that holds it, by atomicMin
#include <cuda_runtime.h>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void row_max(const float* x, float* max_val, int32_t* idx, int64_t cols) {
    const float* row = x + blockIdx.x * cols;
    float best = -INFINITY;
    for (int64_t c = threadIdx.x; c < cols; c += 32) best = fmaxf(best, row[c]);
    for (int offset = 16; offset > 0; offset /= 2) best = fmaxf(best, __shfl_xor_sync(0xffffffffu, best, offset));
    if (threadIdx.x == 0) max_val[blockIdx.x] = best, idx[blockIdx.x] = INT_MAX;
}

__global__ void first_column(const float* x, const float* max_val, int32_t* idx, int64_t cols) {
    const float* row = x + blockIdx.x * cols;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK)
        if (row[c] == max_val[blockIdx.x]) {
            atomicMin(&idx[blockIdx.x], static_cast<int32_t>(c));
            break;
        }
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>(rows);
    row_max<<<grid, 32, 0, stream>>>(x, max_val, idx, cols);
    first_column<<<grid, BLOCK, 0, stream>>>(x, max_val, idx, cols);
    return cudaGetLastError();
}
