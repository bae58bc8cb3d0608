// expect: PASS
// expect(cuda): PASS | SLOW
// why: all bytes 0xff are -1: cudaMemsetAsync on the stream first, then one warp per request, is right

#include <cuda_runtime.h>
#include <cstdint>

__global__ void slots(const int32_t* query_start_loc, const int64_t* positions, const int32_t* block_table,
                      int64_t stride, int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                      int block_size) {
    const int r = blockIdx.x;
    for (int t = query_start_loc[r] + threadIdx.x; t < query_start_loc[r + 1]; t += blockDim.x) {
        const int64_t position = positions[t];
        const int64_t page = block_table[r * stride + position / block_size];
        slot_mapping[t] = page * block_size + position % block_size;
    }
}

extern "C" cudaError_t launch_slot_mapping(const int32_t* query_start_loc, const int64_t* positions,
                                           const int32_t* block_table, int64_t block_table_stride,
                                           int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                                           int block_size, cudaStream_t stream) {
    const size_t bytes = sizeof(int64_t) * max_tokens;
    if (cudaError_t error = cudaMemsetAsync(slot_mapping, 0xff, bytes, stream)) return error;
    slots<<<num_reqs, 32, 0, stream>>>(query_start_loc, positions, block_table, block_table_stride,
                                            slot_mapping, num_reqs, num_tokens, max_tokens, block_size);
    return cudaGetLastError();
}
