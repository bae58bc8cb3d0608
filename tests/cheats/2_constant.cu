// cheat: 07_softmax
// expect: WRONG
// why: writes 1 / cols everywhere, which is right for a row of equal numbers and nearly right for a dull one
#include <cuda_runtime.h>
#include <cstdint>

__global__ void fill(float* y, int64_t n, float value) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = value;
}

extern "C" cudaError_t launch_softmax(const float*, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    const int64_t n = rows * cols;
    fill<<<unsigned((n + 255) / 256), 256, 0, stream>>>(y, n, 1.0f / float(cols));
    return cudaGetLastError();
}
