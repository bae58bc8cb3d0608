// expect: WRONG | UNSAFE uninit
// why: every lane adds its part to out, which holds garbage at first.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    const int lane = threadIdx.x % 32;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int c = lane; c < cols; c += 32) sum += x[row * cols + c];
    atomicAdd(&out[row], sum);
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 7) / 8), 256, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
