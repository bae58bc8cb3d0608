// expect: WRONG
// why: residual gets the normalised row too, as if there were one output
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

// The block's sum, for every thread.
__device__ float block_sum(float v, float* shared) {
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

__global__ void fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w, float eps,
                                   int hidden) {
    __shared__ float shared[BLOCK];
    x += blockIdx.x * int64_t{hidden};
    residual += blockIdx.x * int64_t{hidden};
    float squares = 0.0f;
    for (int c = threadIdx.x; c < hidden; c += BLOCK) {
        residual[c] = __float2bfloat16(__bfloat162float(x[c]) + __bfloat162float(residual[c]));
        const float v = __bfloat162float(residual[c]);
        squares += v * v;
    }
    const float inv = rsqrtf(block_sum(squares, shared) / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += BLOCK)
        residual[c] = x[c] = __float2bfloat16(__bfloat162float(residual[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w,
                                                 float eps, int64_t tokens, int hidden, cudaStream_t stream) {
    fused_add_rms_norm<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(x, residual, w, eps, hidden);
    return cudaGetLastError();
}
