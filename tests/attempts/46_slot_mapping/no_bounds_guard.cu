// expect: UNSAFE oob
// why: the last block of threads writes past the end of slot_mapping

#include <cuda_runtime.h>
#include <cstdint>

// The last request that starts at or before token t.
__device__ int request_of(const int32_t* query_start_loc, int num_reqs, int t) {
    int low = 0, high = num_reqs - 1;
    while (low < high) {
        const int middle = (low + high + 1) / 2;
        if (query_start_loc[middle] <= t)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

__global__ void slots(const int32_t* query_start_loc, const int64_t* positions, const int32_t* block_table,
                      int64_t stride, int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                      int block_size) {
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= num_tokens) {
        slot_mapping[t] = -1;
        return;
    }
    const int r = request_of(query_start_loc, num_reqs, t);
    const int64_t position = positions[t];
    const int64_t page = block_table[r * stride + position / block_size];
    slot_mapping[t] = page * block_size + position % block_size;
}

extern "C" cudaError_t launch_slot_mapping(const int32_t* query_start_loc, const int64_t* positions,
                                           const int32_t* block_table, int64_t block_table_stride,
                                           int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                                           int block_size, cudaStream_t stream) {
    if (max_tokens == 0) return cudaSuccess;
    slots<<<(max_tokens + 255) / 256, 256, 0, stream>>>(query_start_loc, positions, block_table, block_table_stride,
                                                        slot_mapping, num_reqs, num_tokens, max_tokens, block_size);
    return cudaGetLastError();
}
