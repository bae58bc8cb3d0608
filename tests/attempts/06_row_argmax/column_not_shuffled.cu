// expect: WRONG
// why: the warp shuffles the value but keeps its own column, so the index is that of lane 0's own best
#include <cuda_runtime.h>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols) {
    const int64_t r = blockIdx.x * int64_t{BLOCK / 32} + threadIdx.x / 32;
    if (r >= rows) return;  // a whole warp
    const int lane = threadIdx.x % 32;
    const float* row = x + r * cols;
    float best = -INFINITY;
    int32_t at = INT_MAX;
    for (int64_t c = lane; c < cols; c += 32)
        if (row[c] > best || (row[c] == best && c < at)) best = row[c], at = c;
    for (int offset = 16; offset > 0; offset /= 2) best = fmaxf(best, __shfl_down_sync(0xffffffffu, best, offset));
    if (lane == 0) max_val[r] = best, idx[r] = at;
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    row_argmax<<<static_cast<unsigned>((rows + BLOCK / 32 - 1) / (BLOCK / 32)), BLOCK, 0, stream>>>(x, max_val, idx, rows, cols);
    return cudaGetLastError();
}
