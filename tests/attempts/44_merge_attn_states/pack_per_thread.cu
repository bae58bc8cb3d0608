// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per pack of eight elements, which finds its row by a division; one row at a time
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

// Eight bf16 that one instruction moves.
struct alignas(16) Pack {
    __nv_bfloat16 v[8];
};

__global__ void merge(Pack* out, float* out_lse, const Pack* prefix, const float* prefix_lse, const Pack* suffix,
                      const float* suffix_lse, int tokens, int heads, int packs) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x, row = i / packs;
    if (row >= int64_t{tokens} * heads) return;
    const int64_t place = row % heads * tokens + row / heads;
    float p = prefix_lse[place], s = suffix_lse[place];
    p = isinf(p) ? -INFINITY : p;
    s = isinf(s) ? -INFINITY : s;
    const float top = fmaxf(p, s);
    float a = 1.0f, b = 0.0f;
    if (top != -INFINITY) {
        a = expf(p - top);
        b = expf(s - top);
    }
    Pack mixed = prefix[i];
    const Pack other = suffix[i];
    for (int k = 0; k < 8; ++k)
        mixed.v[k] = __float2bfloat16((a * __bfloat162float(mixed.v[k]) + b * __bfloat162float(other.v[k])) / (a + b));
    out[i] = mixed;
    if (i % packs == 0) out_lse[place] = top + logf(a + b);
}

extern "C" cudaError_t launch_merge_attn_states(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix,
                                                const float* prefix_lse, const __nv_bfloat16* suffix,
                                                const float* suffix_lse, int tokens, int heads, int head_size,
                                                cudaStream_t stream) {
    const int packs = head_size / 8;
    const int64_t threads = int64_t{tokens} * heads * packs;
    merge<<<static_cast<unsigned>((threads + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(
        reinterpret_cast<Pack*>(out), out_lse, reinterpret_cast<const Pack*>(prefix), prefix_lse,
        reinterpret_cast<const Pack*>(suffix), suffix_lse, tokens, heads, packs);
    return cudaGetLastError();
}
