// expect: WRONG precision
// why: the partial sums are kept in fp16.

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    const int lane = threadIdx.x % 32;
    if (row >= rows) return;
    __half part = __float2half(0.0f);
    for (int c = lane; c < cols; c += 32) part = __float2half(__half2float(part) + x[row * cols + c]);
    float sum = __half2float(part);
    for (int offset = 16; offset > 0; offset /= 2) sum = __half2float(__float2half(sum + __shfl_down_sync(0xffffffffu, sum, offset)));
    if (lane == 0) out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 7) / 8), 256, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
