// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a (32, 5) block, the row from threadIdx.y, and a running pointer are right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    float sum = 0.0f;
    for (const float* p = x + row * cols + threadIdx.x; p < x + (row + 1) * cols; p += 32) sum += *p;
    for (int offset = 1; offset < 32; offset *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (threadIdx.x == 17) out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 4) / 5), dim3(32, 5), 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
