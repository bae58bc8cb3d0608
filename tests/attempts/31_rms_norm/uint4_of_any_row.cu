// expect: UNSAFE oob
// expect(cuda): UNSAFE | CRASH
// why: eight elements a load with a scalar tail, but a row starts at 16 bytes only if x_stride is a multiple of 8
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

__global__ void rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride, const __nv_bfloat16* w,
                         float eps, int hidden) {
    __shared__ float shared[BLOCK];
    x += blockIdx.x * x_stride;
    out += blockIdx.x * int64_t{hidden};
    float squares = 0.0f;
    for (int p = threadIdx.x; p < hidden / 8; p += BLOCK) {
        const uint4 raw = reinterpret_cast<const uint4*>(x)[p];
        const __nv_bfloat162* pairs = reinterpret_cast<const __nv_bfloat162*>(&raw);
        for (int k = 0; k < 4; ++k) {
            const float2 v = __bfloat1622float2(pairs[k]);
            squares += v.x * v.x + v.y * v.y;
        }
    }
    for (int c = hidden / 8 * 8 + threadIdx.x; c < hidden; c += BLOCK) {
        const float v = __bfloat162float(x[c]);
        squares += v * v;
    }
    const float inv = rsqrtf(block_sum(squares, shared) / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += BLOCK)
        out[c] = __float2bfloat16(__bfloat162float(x[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    rms_norm<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, x_stride, w, eps, hidden);
    return cudaGetLastError();
}
