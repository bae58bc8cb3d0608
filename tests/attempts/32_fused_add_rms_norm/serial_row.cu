// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per token, everything one after the other in fp32: naive, but right
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w, float eps,
                                   int64_t tokens, int hidden) {
    const int64_t token = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
    if (token >= tokens) return;
    x += token * hidden;
    residual += token * hidden;
    float squares = 0.0f;
    for (int c = 0; c < hidden; ++c) {
        residual[c] = __float2bfloat16(__bfloat162float(x[c]) + __bfloat162float(residual[c]));
        squares += __bfloat162float(residual[c]) * __bfloat162float(residual[c]);
    }
    const float inv = rsqrtf(squares / hidden + eps);
    for (int c = 0; c < hidden; ++c)
        x[c] = __float2bfloat16(__bfloat162float(residual[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w,
                                                 float eps, int64_t tokens, int hidden, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK);
    fused_add_rms_norm<<<grid, BLOCK, 0, stream>>>(x, residual, w, eps, tokens, hidden);
    return cudaGetLastError();
}
