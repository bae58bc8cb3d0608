// expect: PASS
// expect(cuda): PASS | SLOW
// why: the first 4,096 columns stay in registers, float by float; what a longer row has beyond is read three times
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int WARPS = BLOCK / 32;
constexpr int HELD = 16;  // elements of a thread in registers

__device__ float warp_max(float v) {
    for (int offset = 16; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, offset));
    return v;
}

__device__ float warp_sum(float v) {
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    return v;
}

__global__ void softmax(const float* x, float* y, int64_t cols) {
    __shared__ float tops[WARPS], sums[WARPS];  // two arrays: one barrier for each is enough
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    x += blockIdx.x * cols;
    y += blockIdx.x * cols;

    float held[HELD], top = -FLT_MAX;
#pragma unroll
    for (int k = 0; k < HELD; ++k) {
        const int64_t c = threadIdx.x + k * BLOCK;
        held[k] = c < cols ? x[c] : -FLT_MAX;
    }
#pragma unroll
    for (int k = 0; k < HELD; ++k) top = fmaxf(top, held[k]);
    const int64_t rest = threadIdx.x + HELD * BLOCK;
    for (int64_t c = rest; c < cols; c += BLOCK) top = fmaxf(top, x[c]);
    top = warp_max(top);
    if (lane == 0) tops[warp] = top;
    __syncthreads();
    top = warp_max(lane < WARPS ? tops[lane] : -FLT_MAX);

    float sum = 0.0f;
#pragma unroll
    for (int k = 0; k < HELD; ++k) {
        held[k] = threadIdx.x + k * BLOCK < cols ? expf(held[k] - top) : 0.0f;
        sum += held[k];
    }
    for (int64_t c = rest; c < cols; c += BLOCK) sum += expf(x[c] - top);
    sum = warp_sum(sum);
    if (lane == 0) sums[warp] = sum;
    __syncthreads();
    sum = warp_sum(lane < WARPS ? sums[lane] : 0.0f);

#pragma unroll
    for (int k = 0; k < HELD; ++k) {
        const int64_t c = threadIdx.x + k * BLOCK;
        if (c < cols) y[c] = held[k] / sum;
    }
    for (int64_t c = rest; c < cols; c += BLOCK) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    softmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, y, cols);
    return cudaGetLastError();
}
