// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row, dividing by the scale and clamping: naive, but right
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 64;

__global__ void quantise(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens, int hidden) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(BLOCK) + threadIdx.x;
    if (row >= tokens) return;
    x += row * hidden;
    q += row * hidden;
    float top = 0.0f;
    for (int i = 0; i < hidden; ++i) top = fmaxf(top, fabsf(__bfloat162float(x[i])));
    const float step = top / 127.0f;
    scale[row] = step;
    for (int i = 0; i < hidden; ++i) {
        const float y = step > 0.0f ? __bfloat162float(x[i]) / step : 0.0f;
        q[i] = static_cast<int8_t>(fminf(fmaxf(rintf(y), -128.0f), 127.0f));
    }
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    quantise<<<static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(q, scale, x, tokens, hidden);
    return cudaGetLastError();
}
