// expect: WRONG | UNSAFE oob
// why: sums along the rows: for square matrices nothing else gives it away.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void row_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int64_t col = 0; col < cols; ++col) sum += x[row * cols + col];
    out[row] = sum;
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    row_sums<<<unsigned((rows + 255) / 256), 256, 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
