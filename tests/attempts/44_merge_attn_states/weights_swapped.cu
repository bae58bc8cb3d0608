// expect: WRONG
// why: each side gets the other one's weight
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One block per token and head, one thread per element.
__global__ void merge(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix, const float* prefix_lse,
                      const __nv_bfloat16* suffix, const float* suffix_lse, int tokens, int heads, int head_size) {
    const int token = blockIdx.x, head = blockIdx.y;
    const int64_t i = (int64_t(token) * heads + head) * head_size + threadIdx.x;
    const int place = head * tokens + token;
    float p = prefix_lse[place], s = suffix_lse[place];
    p = isinf(p) ? -INFINITY : p;
    s = isinf(s) ? -INFINITY : s;
    const float top = fmaxf(p, s);
    float a = 1.0f, b = 0.0f;
    if (top != -INFINITY) {
        a = expf(p - top);
        b = expf(s - top);
    }
    out[i] = __float2bfloat16((b * __bfloat162float(prefix[i]) + a * __bfloat162float(suffix[i])) / (a + b));
    if (threadIdx.x == 0) out_lse[place] = top + logf(a + b);
}

extern "C" cudaError_t launch_merge_attn_states(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix,
                                                const float* prefix_lse, const __nv_bfloat16* suffix,
                                                const float* suffix_lse, int tokens, int heads, int head_size,
                                                cudaStream_t stream) {
    merge<<<dim3(tokens, heads), head_size, 0, stream>>>(out, out_lse, prefix, prefix_lse, suffix, suffix_lse, tokens,
                                                         heads, head_size);
    return cudaGetLastError();
}
