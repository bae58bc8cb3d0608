// expect: PASS
// expect(cuda): PASS | SLOW
// why: the first 4,096 columns stay in registers, float by float; what a longer row has beyond is walked three times
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int WARPS = BLOCK / 32;
constexpr int HELD = 16;  // elements of a thread in registers

// The block's sum, for every thread; `partial` is not used again.
__device__ float block_sum(float v, float* partial) {
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
    __syncthreads();
    v = 0.0f;
    for (int w = 0; w < WARPS; ++w) v += partial[w];
    return v;
}

__global__ void layernorm(const float* x, const float* gamma, const float* beta, float* y, int cols, float eps) {
    __shared__ float sums[WARPS], squared[WARPS];
    x += blockIdx.x * int64_t{cols};
    y += blockIdx.x * int64_t{cols};
    float held[HELD], sum = 0.0f;
#pragma unroll
    for (int k = 0; k < HELD; ++k) {
        const int c = threadIdx.x + k * BLOCK;
        held[k] = c < cols ? x[c] : 0.0f;
    }
#pragma unroll
    for (int k = 0; k < HELD; ++k) sum += held[k];
    const int rest = threadIdx.x + HELD * BLOCK;
    for (int c = rest; c < cols; c += BLOCK) sum += x[c];
    const float mean = block_sum(sum, sums) / cols;

    float squares = 0.0f;
#pragma unroll
    for (int k = 0; k < HELD; ++k)
        if (threadIdx.x + k * BLOCK < cols) squares += (held[k] - mean) * (held[k] - mean);
    for (int c = rest; c < cols; c += BLOCK) squares += (x[c] - mean) * (x[c] - mean);
    const float inv = rsqrtf(block_sum(squares, squared) / cols + eps);

#pragma unroll
    for (int k = 0; k < HELD; ++k) {
        const int c = threadIdx.x + k * BLOCK;
        if (c < cols) y[c] = (held[k] - mean) * inv * gamma[c] + beta[c];
    }
    for (int c = rest; c < cols; c += BLOCK) y[c] = (x[c] - mean) * inv * gamma[c] + beta[c];
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    layernorm<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, gamma, beta, y, cols, eps);
    return cudaGetLastError();
}
