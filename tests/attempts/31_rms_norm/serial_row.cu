// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per token, the squares added one after the other in fp32: naive, but right
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride, const __nv_bfloat16* w,
                         float eps, int64_t tokens, int hidden) {
    const int64_t token = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
    if (token >= tokens) return;
    x += token * x_stride;
    out += token * hidden;
    float squares = 0.0f;
    for (int c = 0; c < hidden; ++c) squares += __bfloat162float(x[c]) * __bfloat162float(x[c]);
    const float inv = rsqrtf(squares / hidden + eps);
    for (int c = 0; c < hidden; ++c)
        out[c] = __float2bfloat16(__bfloat162float(x[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK);
    rms_norm<<<grid, BLOCK, 0, stream>>>(out, x, x_stride, w, eps, tokens, hidden);
    return cudaGetLastError();
}
