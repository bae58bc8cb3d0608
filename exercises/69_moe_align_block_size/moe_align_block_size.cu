// 69 MoE align: the positions of topk_ids grouped by expert, each group padded to whole blocks, as vLLM does it.
//
// topk_ids        numel expert numbers, 0 ... experts - 1: top_k for each token, all tokens one after the other
// sorted_ids      sorted_capacity slots: the positions i with topk_ids[i] = 0, in any order, then numel as padding up to
//                 a multiple of block_size; then those of expert 1, ...; behind the last group numel in every slot
// expert_ids      ceil(sorted_capacity / block_size): whose block it is; -1 behind the last group
// num_tokens_post_pad   one number: the slots of all groups, padding included
// ws              ws_bytes bytes of rubbish that are yours
// Run it with:  python -m grader run 69_moe_align_block_size

#include <cuda_runtime.h>
#include <cstdint>

__global__ void count(const int32_t* topk_ids, int64_t numel, int experts, int32_t* counts) {
    // TODO: how many ids has each expert? A histogram, in shared memory first.
}

__global__ void scatter(const int32_t* topk_ids, int32_t* sorted_ids, int64_t numel, int experts, int32_t* next_slot) {
    // TODO: every id takes the next slot of its expert. Who fills the padding, and who writes expert_ids?
}

extern "C" cudaError_t launch_moe_align_block_size(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids,
                                                   int32_t* num_tokens_post_pad, int64_t numel, int experts,
                                                   int block_size, int64_t sorted_capacity, void* ws, size_t ws_bytes,
                                                   cudaStream_t stream) {
    // TODO: clear the counters in ws on `stream`, choose grids and blocks, and launch on `stream`:
    // count<<<grid, block, 0, stream>>>(topk_ids, numel, experts, static_cast<int32_t*>(ws));
    return cudaGetLastError();
}
