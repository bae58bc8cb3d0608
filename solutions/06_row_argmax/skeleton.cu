// 06 Row maximum and where it is: max_val[r] = the largest x[r, c], idx[r] = the lowest c that holds it.
//
// x is a (rows, cols) fp32 matrix in device memory, row-major; max_val and idx hold `rows` elements each.
// Elements may be -inf, even a whole row of them (its idx is 0); there is no NaN.
// Run it with:  python -m grader run 06_row_argmax

#include <cuda_runtime.h>
#include <cstdint>

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols) {
    // TODO: one block per row. Reduce (value, column) pairs: the larger value wins; with equal values the lower column.
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols,
                                         cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // row_argmax<<<grid, block, 0, stream>>>(x, max_val, idx, rows, cols);
    return cudaGetLastError();
}
