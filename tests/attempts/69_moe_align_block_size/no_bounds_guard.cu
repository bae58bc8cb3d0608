// expect: UNSAFE oob
// expect(cuda): CRASH | UNSAFE | WRONG
// why: the last block counts and scatters what lies behind topk_ids
#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 256;

__global__ void count(const int32_t* topk_ids, int64_t numel, int32_t* counts) {
    const int64_t i = blockIdx.x * int64_t{THREADS} + threadIdx.x;
    atomicAdd(&counts[topk_ids[i]], 1);
}

// One thread: the first slot of each group, the block's experts, and what no id takes.
__global__ void plan(int32_t* sorted_ids, int32_t* expert_ids, int32_t* total, int64_t numel, int experts, int block_size, int64_t capacity, int32_t* counts) {
    int32_t slot = 0;
    for (int e = 0; e < experts; ++e) {
        const int32_t count = counts[e], padded = (count + block_size - 1) / block_size * block_size;
        counts[e] = slot;  // from here on the next free slot of the group
        for (int32_t b = slot / block_size; b < (slot + padded) / block_size; ++b) expert_ids[b] = e;
        for (int32_t s = slot + count; s < slot + padded; ++s) sorted_ids[s] = static_cast<int32_t>(numel);
        slot += padded;
    }
    *total = slot;
    for (int64_t b = slot / block_size; b < (capacity + block_size - 1) / block_size; ++b) expert_ids[b] = -1;
    for (int64_t s = slot; s < capacity; ++s) sorted_ids[s] = static_cast<int32_t>(numel);
}

__global__ void scatter(const int32_t* topk_ids, int32_t* sorted_ids, int64_t numel, int32_t* next) {
    const int64_t i = blockIdx.x * int64_t{THREADS} + threadIdx.x;
    sorted_ids[atomicAdd(&next[topk_ids[i]], 1)] = static_cast<int32_t>(i);
}

extern "C" cudaError_t launch_moe_align_block_size(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids, int32_t* num_tokens_post_pad, int64_t numel, int experts, int block_size, int64_t sorted_capacity, void* ws, size_t ws_bytes, cudaStream_t stream) {
    int32_t* counts = static_cast<int32_t*>(ws);
    cudaMemsetAsync(counts, 0, experts * sizeof(int32_t), stream);
    const unsigned blocks = static_cast<unsigned>((numel + THREADS - 1) / THREADS);
    count<<<blocks, THREADS, 0, stream>>>(topk_ids, numel, counts);
    plan<<<1, 1, 0, stream>>>(sorted_ids, expert_ids, num_tokens_post_pad, numel, experts, block_size, sorted_capacity, counts);
    scatter<<<blocks, THREADS, 0, stream>>>(topk_ids, sorted_ids, numel, counts);
    return cudaGetLastError();
}
