// expect: PASS
// expect(cuda): PASS | SLOW
// why: one exponential: weights by the logistic function of the difference, out_lse by log1p
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One warp per token and head; the weights are computed by one lane and handed round.
__global__ void merge(__nv_bfloat162* out, float* out_lse, const __nv_bfloat162* prefix, const float* prefix_lse,
                      const __nv_bfloat162* suffix, const float* suffix_lse, int tokens, int heads, int pairs) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
    if (row >= int64_t(tokens) * heads) return;  // a whole warp leaves
    float weight = 0.0f;  // of the prefix
    if (threadIdx.x == 0) {
        const int64_t place = row % heads * tokens + row / heads;
        const float p = prefix_lse[place], s = suffix_lse[place];
        const bool no_prefix = isinf(p), no_suffix = isinf(s);
        if (no_suffix) {
            weight = 1.0f;
            out_lse[place] = no_prefix ? -INFINITY : p;
        } else if (no_prefix) {
            out_lse[place] = s;
        } else {
            weight = p > s ? 1.0f / (1.0f + expf(s - p)) : 1.0f - 1.0f / (1.0f + expf(p - s));
            out_lse[place] = fmaxf(p, s) + log1pf(expf(-fabsf(p - s)));
        }
    }
    weight = __shfl_sync(0xffffffffu, weight, 0);
    for (int n = threadIdx.x; n < pairs; n += 32) {
        const float2 a = __bfloat1622float2(prefix[row * pairs + n]), b = __bfloat1622float2(suffix[row * pairs + n]);
        out[row * pairs + n] = __floats2bfloat162_rn(weight * a.x + (1.0f - weight) * b.x,
                                                     weight * a.y + (1.0f - weight) * b.y);
    }
}

extern "C" cudaError_t launch_merge_attn_states(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix,
                                                const float* prefix_lse, const __nv_bfloat16* suffix,
                                                const float* suffix_lse, int tokens, int heads, int head_size,
                                                cudaStream_t stream) {
    const dim3 block(32, 4);
    const int64_t rows = int64_t(tokens) * heads;
    merge<<<unsigned((rows + 3) / 4), block, 0, stream>>>(
        reinterpret_cast<__nv_bfloat162*>(out), out_lse, reinterpret_cast<const __nv_bfloat162*>(prefix), prefix_lse,
        reinterpret_cast<const __nv_bfloat162*>(suffix), suffix_lse, tokens, heads, head_size / 2);
    return cudaGetLastError();
}
