// expect: WRONG | UNSAFE oob
// why: the token's place among the request's new tokens is taken for its position in the sequence

#include <cuda_runtime.h>
#include <cstdint>

__global__ void slots(const int32_t* query_start_loc, const int64_t* positions, const int32_t* block_table,
                      int64_t stride, int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                      int block_size) {
    const int r = blockIdx.x;
    if (r == num_reqs) {  // one block more than requests: the padding is its part
        for (int t = num_tokens + threadIdx.x; t < max_tokens; t += blockDim.x) slot_mapping[t] = -1;
        return;
    }
    for (int t = query_start_loc[r] + threadIdx.x; t < query_start_loc[r + 1]; t += blockDim.x) {
        const int64_t position = t - query_start_loc[r];
        const int64_t page = block_table[r * stride + position / block_size];
        slot_mapping[t] = page * block_size + position % block_size;
    }
}

extern "C" cudaError_t launch_slot_mapping(const int32_t* query_start_loc, const int64_t* positions,
                                           const int32_t* block_table, int64_t block_table_stride,
                                           int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                                           int block_size, cudaStream_t stream) {
    slots<<<num_reqs + 1, 256, 0, stream>>>(query_start_loc, positions, block_table, block_table_stride,
                                            slot_mapping, num_reqs, num_tokens, max_tokens, block_size);
    return cudaGetLastError();
}
