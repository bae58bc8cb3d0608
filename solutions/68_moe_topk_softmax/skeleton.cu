// 68 MoE router: the topk largest logits of each token, their experts, and their softmax weights.
//
// gating is a (tokens, experts) fp32 matrix in device memory; weights and indices are (tokens, topk); all row-major.
// Winners are sorted, the largest first; of equal logits the lowest expert comes first.
//   weight = exp(logit - max) / sum of exp(logits - max) over all experts, or over the winners if renormalize is 1
// experts <= 256, topk <= 8, topk <= experts.
// Run it with:  python -m grader run 68_moe_topk_softmax

#include <cuda_runtime.h>
#include <cstdint>

__global__ void moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens, int experts,
                                 int topk, int renormalize) {
    // TODO: one warp per token. Find the largest logit topk times, crossing out each winner; then the weights.
}

extern "C" cudaError_t launch_moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens,
                                               int experts, int topk, int renormalize, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // moe_topk_softmax<<<grid, block, 0, stream>>>(weights, indices, gating, tokens, experts, topk, renormalize);
    return cudaGetLastError();
}
