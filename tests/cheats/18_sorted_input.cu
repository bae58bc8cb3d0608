// cheat: 06_row_argmax
// expect: WRONG
// why: takes every row for sorted: its maximum is the last element
#include <cuda_runtime.h>
#include <cstdint>

__global__ void last(const float* x, float* value, int32_t* index, int64_t rows, int64_t cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    value[row] = x[row * cols + cols - 1];
    index[row] = int32_t(cols - 1);
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* value, int32_t* index, int64_t rows, int64_t cols,
                                         cudaStream_t stream) {
    last<<<unsigned((rows + 127) / 128), 128, 0, stream>>>(x, value, index, rows, cols);
    return cudaGetLastError();
}
