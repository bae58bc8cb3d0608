// 46 Slot mapping: where in the paged KV cache each token of a batch belongs; -1 behind the last token.
//
//   query_start_loc  (num_reqs + 1)                   int32: request r has tokens query_start_loc[r] … [r + 1] - 1
//   positions        (num_tokens)                     int64: a token's position in its own sequence, below 2^31
//   block_table      (num_reqs, block_table_stride)   int32: the physical block of every logical block of a request
//   slot_mapping     (max_tokens)                     int64: arrives full of rubbish; max_tokens >= num_tokens
//
// Run it with:  python -m grader run 46_slot_mapping

#include <cuda_runtime.h>
#include <cstdint>

__global__ void slot_mapping_kernel(const int32_t* query_start_loc, const int64_t* positions,
                                    const int32_t* block_table, int64_t block_table_stride, int64_t* slot_mapping,
                                    int num_reqs, int num_tokens, int max_tokens, int block_size) {
    // TODO: find the request of each token, look its block up, write the slot; -1 from num_tokens on.
}

extern "C" cudaError_t launch_slot_mapping(const int32_t* query_start_loc, const int64_t* positions,
                                           const int32_t* block_table, int64_t block_table_stride,
                                           int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                                           int block_size, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // slot_mapping_kernel<<<grid, block, 0, stream>>>(query_start_loc, positions, block_table, block_table_stride,
    //                                                 slot_mapping, num_reqs, num_tokens, max_tokens, block_size);
    return cudaGetLastError();
}
