// expect: PASS
// expect(cuda): PASS | SLOW | TIMEOUT
// why: one thread does everything, in order: as naive as can be, and right
#include <cuda_runtime.h>
#include <cstdint>

__global__ void align(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids, int32_t* total, int64_t numel, int experts, int block_size, int64_t capacity, int32_t* next) {
    for (int e = 0; e < experts; ++e) next[e] = 0;
    for (int64_t i = 0; i < numel; ++i) ++next[topk_ids[i]];
    for (int64_t s = 0; s < capacity; ++s) sorted_ids[s] = static_cast<int32_t>(numel);
    for (int64_t b = 0; b * block_size < capacity; ++b) expert_ids[b] = -1;
    int32_t slot = 0;
    for (int e = 0; e < experts; ++e) {
        const int32_t count = next[e];
        next[e] = slot;
        for (int32_t left = count; left > 0; left -= block_size, slot += block_size) expert_ids[slot / block_size] = e;
    }
    *total = slot;
    for (int64_t i = 0; i < numel; ++i) sorted_ids[next[topk_ids[i]]++] = static_cast<int32_t>(i);
}

extern "C" cudaError_t launch_moe_align_block_size(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids, int32_t* num_tokens_post_pad, int64_t numel, int experts, int block_size, int64_t sorted_capacity, void* ws, size_t ws_bytes, cudaStream_t stream) {
    align<<<1, 1, 0, stream>>>(topk_ids, sorted_ids, expert_ids, num_tokens_post_pad, numel, experts, block_size, sorted_capacity, static_cast<int32_t*>(ws));
    return cudaGetLastError();
}
