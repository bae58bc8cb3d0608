// expect: PASS
// expect(cuda): PASS | SLOW
// why: one launch for the LSE, where neighbouring threads have neighbouring tokens, and one for the states
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One block per token and head, one thread per element.
__global__ void merge(__nv_bfloat16* out, const __nv_bfloat16* prefix, const float* prefix_lse,
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
    out[i] = __float2bfloat16((a * __bfloat162float(prefix[i]) + b * __bfloat162float(suffix[i])) / (a + b));
}

__global__ void merge_lse(float* out_lse, const float* prefix_lse, const float* suffix_lse, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const float p = isinf(prefix_lse[i]) ? -INFINITY : prefix_lse[i];
    const float s = isinf(suffix_lse[i]) ? -INFINITY : suffix_lse[i];
    const float top = fmaxf(p, s);
    out_lse[i] = top == -INFINITY ? top : top + logf(expf(p - top) + expf(s - top));
}

extern "C" cudaError_t launch_merge_attn_states(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix,
                                                const float* prefix_lse, const __nv_bfloat16* suffix,
                                                const float* suffix_lse, int tokens, int heads, int head_size,
                                                cudaStream_t stream) {
    const int count = tokens * heads;
    merge_lse<<<(count + 255) / 256, 256, 0, stream>>>(out_lse, prefix_lse, suffix_lse, count);
    merge<<<dim3(tokens, heads), head_size, 0, stream>>>(out, prefix, prefix_lse, suffix, suffix_lse, tokens, heads,
                                                         head_size);
    return cudaGetLastError();
}
