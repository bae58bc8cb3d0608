// expect: UNSAFE oob
// expect(cuda): UNSAFE | CRASH
// why: every row is read with 16-byte loads, but with odd hidden it starts anywhere
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 32;

__global__ void quantise(int8_t* q, float* scale, const __nv_bfloat16* x, int hidden) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    const int packs = hidden / 8;
    float top = 0.0f;
    for (int p = threadIdx.x; p < packs; p += BLOCK) {
        const uint4 pack = reinterpret_cast<const uint4*>(x + start)[p];
        const __nv_bfloat16* v = reinterpret_cast<const __nv_bfloat16*>(&pack);
        for (int j = 0; j < 8; ++j) top = fmaxf(top, fabsf(__bfloat162float(v[j])));
    }
    for (int i = packs * 8 + threadIdx.x; i < hidden; i += BLOCK) top = fmaxf(top, fabsf(__bfloat162float(x[start + i])));
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    const float inverse = top > 0.0f ? 127.0f / top : 0.0f;
    for (int i = threadIdx.x; i < hidden; i += BLOCK)
        q[start + i] = static_cast<int8_t>(__float2int_rn(__bfloat162float(x[start + i]) * inverse));
    if (threadIdx.x == 0) scale[blockIdx.x] = top / 127.0f;
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    quantise<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, hidden);
    return cudaGetLastError();
}
