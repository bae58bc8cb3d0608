// expect(cuda): UNSAFE race | WRONG
// expect(simulator): UNSAFE race
// why: a tree in shared memory without __syncwarp: lanes need not run in step.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    __shared__ float part[256];
    const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    const int lane = threadIdx.x % 32;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int c = lane; c < cols; c += 32) sum += x[row * cols + c];
    float* mine = &part[threadIdx.x];
    *mine = sum;
    for (int offset = 16; offset > 0; offset /= 2)
        if (lane < offset) mine[0] += mine[offset];
    if (lane == 0) out[row] = mine[0];
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 7) / 8), 256, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
