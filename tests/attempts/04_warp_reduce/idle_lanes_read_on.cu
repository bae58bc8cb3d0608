// expect: WRONG | UNSAFE oob
// why: lanes without a column read on into the next row instead of adding 0.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    const int lane = threadIdx.x % 32;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int step = 0; step < (cols + 31) / 32; ++step) sum += x[row * cols + step * 32 + lane];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
    if (lane == 0) out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 7) / 8), 256, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
