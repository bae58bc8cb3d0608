// expect: WRONG
// why: rows / 8 rows per split leaves up to seven rows to nobody.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int SPLITS = 8;

__global__ void partial_sums(const float* x, int64_t rows, int64_t cols, float* ws) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (col >= cols) return;
    const int64_t per = rows / gridDim.y, first = blockIdx.y * per, last = first + per < rows ? first + per : rows;
    float sum = 0.0f;
    for (int64_t row = first; row < last; ++row) sum += x[row * cols + col];
    ws[blockIdx.y * cols + col] = sum;
}

__global__ void add_up(const float* ws, int64_t splits, int64_t cols, float* out) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (col >= cols) return;
    float sum = 0.0f;
    for (int64_t s = 0; s < splits; ++s) sum += ws[s * cols + col];
    out[col] = sum;
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    const unsigned blocks = unsigned((cols + 127) / 128);
    const int64_t splits = int64_t(ws_bytes / 4) / cols < SPLITS ? 1 : SPLITS;
    float* sums = splits > 1 ? static_cast<float*>(ws) : out;
    partial_sums<<<dim3(blocks, unsigned(splits)), 128, 0, stream>>>(x, rows, cols, sums);
    if (splits > 1) add_up<<<blocks, 128, 0, stream>>>(sums, splits, cols, out);
    return cudaGetLastError();
}
