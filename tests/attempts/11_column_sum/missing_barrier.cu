// expect: UNSAFE race
// why: the first lane adds up sums that the other lanes may not have written yet.

#include <cuda_runtime.h>
#include <cstdint>

// 32 columns and 8 row lanes a block, all rows of them.
__global__ void column_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    __shared__ float partial[8][32];
    const int64_t col = int64_t(blockIdx.x) * 32 + threadIdx.x;
    float sum = 0.0f;
    if (col < cols)
        for (int64_t row = threadIdx.y; row < rows; row += 8) sum += x[row * cols + col];
    partial[threadIdx.y][threadIdx.x] = sum;
    if (threadIdx.y > 0 || col >= cols) return;
    for (int k = 1; k < 8; ++k) sum += partial[k][threadIdx.x];
    out[col] = sum;
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    column_sums<<<unsigned((cols + 31) / 32), dim3(32, 8), 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
