// expect(cuda): CRASH | UNSAFE
// expect(simulator): UNSAFE oob
// why: rows are read as float4 with a tail, but a row starts at a 16-byte boundary only if cols is a multiple of 4.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
    const int lane = threadIdx.x % 32;
    if (row >= rows) return;
    const float* from = x + row * cols;
    float sum = 0.0f;
    for (int v = lane; v < cols / 4; v += 32) {
        const float4 four = reinterpret_cast<const float4*>(from)[v];
        sum += four.x + four.y + four.z + four.w;
    }
    if (lane < cols % 4) sum += from[cols / 4 * 4 + lane];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
    if (lane == 0) out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned((rows + 7) / 8), 256, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
