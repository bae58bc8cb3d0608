// expect: WRONG
// why: the pairs of the first warp are merged by shuffles, those of the other warps are forgotten
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void online_softmax(const float* x, float* m, float* l, int64_t cols) {
    x += blockIdx.x * cols;
    float top = -FLT_MAX, sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) {
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
    if (threadIdx.x == 0) {
        m[blockIdx.x] = top;
        l[blockIdx.x] = sum;
    }
}

extern "C" cudaError_t launch_online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols,
                                             cudaStream_t stream) {
    online_softmax<<<unsigned(rows), BLOCK, 0, stream>>>(x, m, l, cols);
    return cudaGetLastError();
}
