// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block with everything in shared memory, as vLLM's kernel for few tokens
#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 1024;
constexpr int MAX_EXPERTS = 1024;

__global__ void align(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids, int32_t* total, int64_t numel, int experts, int block_size, int64_t capacity) {
    __shared__ int32_t count[MAX_EXPERTS], first[MAX_EXPERTS + 1];
    for (int e = threadIdx.x; e < experts; e += THREADS) count[e] = 0;
    __syncthreads();  // all zero before anyone counts
    for (int64_t i = threadIdx.x; i < numel; i += THREADS) atomicAdd(&count[topk_ids[i]], 1);
    for (int64_t s = threadIdx.x; s < capacity; s += THREADS) sorted_ids[s] = static_cast<int32_t>(numel);
    __syncthreads();  // all counted
    if (threadIdx.x == 0) {
        first[0] = 0;
        for (int e = 0; e < experts; ++e) first[e + 1] = first[e] + (count[e] + block_size - 1) / block_size * block_size;
        *total = first[experts];
    }
    __syncthreads();  // all need the first slots
    for (int e = threadIdx.x; e < experts; e += THREADS) {
        for (int b = first[e] / block_size; b < first[e + 1] / block_size; ++b) expert_ids[b] = e;
        count[e] = first[e];
    }
    for (int64_t b = first[experts] / block_size + threadIdx.x; b < (capacity + block_size - 1) / block_size; b += THREADS) expert_ids[b] = -1;
    __syncthreads();  // next slots are set, and sorted_ids is filled, before ids are written over it
    for (int64_t i = threadIdx.x; i < numel; i += THREADS) sorted_ids[atomicAdd(&count[topk_ids[i]], 1)] = static_cast<int32_t>(i);
}

extern "C" cudaError_t launch_moe_align_block_size(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids, int32_t* num_tokens_post_pad, int64_t numel, int experts, int block_size, int64_t sorted_capacity, void* ws, size_t ws_bytes, cudaStream_t stream) {
    align<<<1, THREADS, 0, stream>>>(topk_ids, sorted_ids, expert_ids, num_tokens_post_pad, numel, experts, block_size, sorted_capacity);
    return cudaGetLastError();
}
