// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: groups of 8 lanes, shuffles of width 8, rows past the end clamped, no lane leaves: right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 8;
    const int lane = threadIdx.x % 8;
    const float* from = x + (row < rows ? row : rows - 1) * cols;
    float sum = 0.0f;
    for (int c = lane; c < cols; c += 8) sum += from[c];
    for (int distance = 1; distance < 8; distance *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, distance, 8);
    if (lane == 7 && row < rows) out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 11) / 12), 96, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
