// expect: PASS
// expect(cuda): PASS | SLOW
// why: every thread adds its squares to one shared number with atomicAdd: right, in any order
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride, const __nv_bfloat16* w,
                         float eps, int hidden) {
    __shared__ float total;
    if (threadIdx.x == 0) total = 0.0f;
    __syncthreads();  // no addition before it is 0
    x += blockIdx.x * x_stride;
    out += blockIdx.x * int64_t{hidden};
    float squares = 0.0f;
    for (int c = threadIdx.x; c < hidden; c += BLOCK) {
        const float v = __bfloat162float(x[c]);
        squares += v * v;
    }
    atomicAdd(&total, squares);
    __syncthreads();  // no reading before all have added
    const float inv = rsqrtf(total / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += BLOCK)
        out[c] = __float2bfloat16(__bfloat162float(x[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    rms_norm<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, x_stride, w, eps, hidden);
    return cudaGetLastError();
}
