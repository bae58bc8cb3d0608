// expect: UNSAFE | CRASH
// why: a float4 needs an address that is a multiple of 16, which a second row has only if cols is divisible by 4.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void column_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    const int64_t col = 4 * (int64_t(blockIdx.x) * blockDim.x + threadIdx.x);
    if (col >= cols) return;
    float sum[4] = {};
    for (int64_t row = 0; row < rows; ++row) {
        const float* from = x + row * cols + col;
        if (col + 4 <= cols) {
            const float4 v = *reinterpret_cast<const float4*>(from);
            sum[0] += v.x, sum[1] += v.y, sum[2] += v.z, sum[3] += v.w;
        } else {
            for (int k = 0; col + k < cols; ++k) sum[k] += from[k];
        }
    }
    for (int k = 0; k < 4 && col + k < cols; ++k) out[col + k] = sum[k];
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    column_sums<<<unsigned((cols + 255) / 256), 64, 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
