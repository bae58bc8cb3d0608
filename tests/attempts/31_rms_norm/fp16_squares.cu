// expect: WRONG
// why: squares are kept in fp16, which ends at 65,504: 1,000² is infinite
#include <cuda_bf16.h>
#include <cuda_fp16.h>
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
    __half squares = __float2half(0.0f);
    for (int c = threadIdx.x; c < hidden; c += BLOCK) {
        const float v = __bfloat162float(x[c]);
        squares = __hadd(squares, __float2half(v * v));
    }
    const float inv = rsqrtf(block_sum(__half2float(squares), shared) / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += BLOCK)
        out[c] = __float2bfloat16(__bfloat162float(x[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    rms_norm<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, x_stride, w, eps, hidden);
    return cudaGetLastError();
}
