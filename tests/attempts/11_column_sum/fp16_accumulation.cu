// expect: WRONG
// why: the running sum is rounded to fp16 after every row.

#include <cuda_runtime.h>
#include <cstdint>

#include <cuda_fp16.h>

__global__ void column_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (col >= cols) return;
    __half sum = __float2half(0.0f);
    for (int64_t row = 0; row < rows; ++row) sum = __float2half(__half2float(sum) + x[row * cols + col]);
    out[col] = __half2float(sum);
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    column_sums<<<unsigned((cols + 255) / 256), 256, 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
