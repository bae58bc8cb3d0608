// 44 Merge two attention states: out = (exp(prefix_lse) * prefix + exp(suffix_lse) * suffix) / exp(out_lse),
// out_lse = log(exp(prefix_lse) + exp(suffix_lse)), for each token and head.
//
// prefix, suffix, out are (tokens, heads, head_size) bf16; prefix_lse, suffix_lse, out_lse are (heads, tokens) fp32.
// All row-major. head_size is a multiple of 8, at most 256. An infinite lse, of either sign, says: this side is empty.
// Run it with:  python -m grader run 44_merge_attn_states

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void merge(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix, const float* prefix_lse,
                      const __nv_bfloat16* suffix, const float* suffix_lse, int tokens, int heads, int head_size) {
    // TODO: the two weights of a token and head, then the weighted sum of its head_size elements.
}

extern "C" cudaError_t launch_merge_attn_states(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix,
                                                const float* prefix_lse, const __nv_bfloat16* suffix,
                                                const float* suffix_lse, int tokens, int heads, int head_size,
                                                cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // merge<<<grid, block, 0, stream>>>(out, out_lse, prefix, prefix_lse, suffix, suffix_lse,
    //                                   tokens, heads, head_size);
    return cudaGetLastError();
}
