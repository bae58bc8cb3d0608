// control: 07_softmax
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: three launches that keep their intermediate results in y itself: shifted, exponentiated, scaled
#include <cuda_runtime.h>
#include <cstdint>

__device__ float reduce(float v, bool largest) {
    for (int offset = 16; offset > 0; offset /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, v, offset);
        v = largest ? fmaxf(v, other) : v + other;
    }
    return v;
}

__global__ void shift(const float* x, float* y, int64_t cols) {
    const int64_t from = blockIdx.x * cols;
    float top = -INFINITY;
    for (int64_t c = threadIdx.x; c < cols; c += 32) top = fmaxf(top, x[from + c]);
    top = reduce(top, true);
    for (int64_t c = threadIdx.x; c < cols; c += 32) y[from + c] = x[from + c] - top;
}

__global__ void exponentiate(float* y, int64_t n) {
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += int64_t(gridDim.x) * blockDim.x)
        y[i] = expf(y[i]);
}

__global__ void scale(float* y, int64_t cols) {
    const int64_t from = blockIdx.x * cols;
    float sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += 32) sum += y[from + c];
    sum = reduce(sum, false);
    for (int64_t c = threadIdx.x; c < cols; c += 32) y[from + c] /= sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    shift<<<unsigned(rows), 32, 0, stream>>>(x, y, cols);
    exponentiate<<<120, 320, 0, stream>>>(y, rows * cols);
    scale<<<unsigned(rows), 32, 0, stream>>>(y, cols);
    return cudaGetLastError();
}
