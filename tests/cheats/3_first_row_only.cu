// cheat: 07_softmax
// expect: WRONG rows | WRONG unwritten
// why: computes the first row and leaves the others as they are
#include <cuda_runtime.h>
#include <cstdint>

__device__ float reduce(float v, bool largest) {
    for (int offset = 16; offset > 0; offset /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, v, offset);
        v = largest ? fmaxf(v, other) : v + other;
    }
    return v;
}

__global__ void softmax(const float* x, float* y, int64_t cols) {
    float top = -INFINITY, sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += 32) top = fmaxf(top, x[c]);
    top = reduce(top, true);
    for (int64_t c = threadIdx.x; c < cols; c += 32) sum += expf(x[c] - top);
    sum = reduce(sum, false);
    for (int64_t c = threadIdx.x; c < cols; c += 32) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t, int64_t cols, cudaStream_t stream) {
    softmax<<<1, 32, 0, stream>>>(x, y, cols);
    return cudaGetLastError();
}
