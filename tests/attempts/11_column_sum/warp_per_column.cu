// expect(cuda): PASS | SLOW
// expect(simulator): SLOW coalescing
// why: a warp per column, its lanes a row apart and a shuffle at the end, is the worst way to read, and right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void column_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    const int64_t col = int64_t(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
    if (col >= cols) return;  // the whole warp
    float sum = 0.0f;
    for (int64_t row = threadIdx.x % 32; row < rows; row += 32) sum += x[row * cols + col];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
    if (threadIdx.x % 32 == 0) out[col] = sum;
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    column_sums<<<unsigned((cols + 3) / 4), 128, 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
