// expect: PASS
// expect(cuda): PASS | SLOW
// why: one warp per row in a two-dimensional block, online statistics merged by shuffles, no shared memory
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

__global__ void softmax(const float* x, float* y, int64_t rows, int64_t cols) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.y) + threadIdx.y;
    if (row >= rows) return;  // a whole warp leaves, never part of one
    x += row * cols;
    y += row * cols;
    float top = -FLT_MAX, sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += 32) {
        const float higher = fmaxf(top, x[c]);
        sum = sum * expf(top - higher) + expf(x[c] - higher);
        top = higher;
    }
    for (int offset = 16; offset > 0; offset /= 2) {
        const float other_top = __shfl_xor_sync(0xffffffffu, top, offset);
        const float other_sum = __shfl_xor_sync(0xffffffffu, sum, offset);
        const float higher = fmaxf(top, other_top);
        sum = sum * expf(top - higher) + other_sum * expf(other_top - higher);
        top = higher;
    }
    for (int64_t c = threadIdx.x; c < cols; c += 32) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    const dim3 block(32, 4);
    softmax<<<static_cast<unsigned>((rows + block.y - 1) / block.y), block, 0, stream>>>(x, y, rows, cols);
    return cudaGetLastError();
}
