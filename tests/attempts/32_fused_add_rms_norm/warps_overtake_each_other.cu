// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: both warps add up the whole row, and one already overwrites x and residual while the other still reads them
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 64;
__global__ void fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w, float eps,
                                   int hidden) {
    x += blockIdx.x * int64_t{hidden};
    residual += blockIdx.x * int64_t{hidden};
    float squares = 0.0f;
    for (int c = threadIdx.x % 32; c < hidden; c += 32) {  // each of the two warps for itself
        const float v = __bfloat162float(__hadd(x[c], residual[c]));
        squares += v * v;
    }
    for (int offset = 16; offset > 0; offset /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, offset);
    const float inv = rsqrtf(squares / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += BLOCK) {
        residual[c] = __hadd(x[c], residual[c]);
        x[c] = __float2bfloat16(__bfloat162float(residual[c]) * inv * __bfloat162float(w[c]));
    }
}

extern "C" cudaError_t launch_fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w,
                                                 float eps, int64_t tokens, int hidden, cudaStream_t stream) {
    fused_add_rms_norm<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(x, residual, w, eps, hidden);
    return cudaGetLastError();
}
