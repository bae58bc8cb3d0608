// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one thread that adds its row serially in fp32 is slow and right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int c = 0; c < cols; ++c) sum += x[row * cols + c];
    out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 127) / 128), 128, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
