// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row, clamped by hand before the conversion: naive, but right
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 64;

__global__ void quantise(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x, const float* scale_ub, int64_t tokens,
                         int hidden) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(BLOCK) + threadIdx.x;
    if (row >= tokens) return;
    x += row * hidden;
    q += row * hidden;
    float top = 0.0f;
    for (int i = 0; i < hidden; ++i) top = fmaxf(top, fabsf(__bfloat162float(x[i])));
    if (scale_ub) top = fminf(top, scale_ub[0]);
    const float step = fmaxf(top * (1.0f / 448.0f), 1.0f / (448.0f * 512.0f));
    const float inverse = 1.0f / step;
    scale[row] = step;
    for (int i = 0; i < hidden; ++i) {
        const float y = fminf(fmaxf(__bfloat162float(x[i]) * inverse, -448.0f), 448.0f);
        q[i].__x = __nv_cvt_float_to_fp8(y, __NV_NOSAT, __NV_E4M3);
    }
}

extern "C" cudaError_t launch_fp8_quant_per_token(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x,
                                                  const float* scale_ub, int64_t tokens, int hidden,
                                                  cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK);
    quantise<<<grid, BLOCK, 0, stream>>>(q, scale, x, scale_ub, tokens, hidden);
    return cudaGetLastError();
}
