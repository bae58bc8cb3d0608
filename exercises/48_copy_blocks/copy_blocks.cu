// 48 Copy blocks of the paged cache: for each pair, block dst = block src in both caches of every layer.
//
//   key_caches, value_caches  (num_layers)      pointers, themselves in device memory: the cache of each layer.
//                                               Block b of a cache is the block_bytes bytes from b * block_bytes on
//   block_mapping             (num_pairs, 2)    int64: src and dst; num_pairs may be 0
//
// Run it with:  python -m grader run 48_copy_blocks

#include <cuda_runtime.h>
#include <cstdint>

__global__ void copy_blocks(void* const* key_caches, void* const* value_caches, const int64_t* block_mapping,
                            int64_t block_bytes) {
    // TODO: which layer, which pair, keys or values? Copy that block, 16 bytes at a time where block_bytes allows it.
}

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // copy_blocks<<<grid, block, 0, stream>>>(key_caches, value_caches, block_mapping, block_bytes);
    return cudaGetLastError();
}
