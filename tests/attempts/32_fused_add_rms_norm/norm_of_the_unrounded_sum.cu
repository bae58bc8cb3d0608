// expect: PASS
// expect(cuda): PASS | SLOW
// why: the norm is taken of the fp32 sum, in shared memory; residual is the rounded one: one rounding apart, and within the tolerance
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
    extern __shared__ float row[];  // hidden floats
    x += blockIdx.x * int64_t{hidden};
    residual += blockIdx.x * int64_t{hidden};
    float squares = 0.0f;
    for (int c = threadIdx.x; c < hidden; c += BLOCK) {
        const float v = row[c] = __bfloat162float(x[c]) + __bfloat162float(residual[c]);
        residual[c] = __float2bfloat16(v);
        squares += v * v;
    }
    const float inv = rsqrtf(block_sum(squares, shared) / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += BLOCK)
        x[c] = __float2bfloat16(row[c] * inv * __bfloat162float(w[c]));
}

// More than 48 KB of shared memory have to be asked for.
extern "C" cudaError_t launch_fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w,
                                                 float eps, int64_t tokens, int hidden, cudaStream_t stream) {
    const int bytes = hidden * static_cast<int>(sizeof(float));
    cudaFuncSetAttribute(fused_add_rms_norm, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    fused_add_rms_norm<<<static_cast<unsigned>(tokens), BLOCK, bytes, stream>>>(x, residual, w, eps, hidden);
    return cudaGetLastError();
}
