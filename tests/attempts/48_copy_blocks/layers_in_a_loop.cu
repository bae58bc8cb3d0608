// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block of threads per pair goes through all layers: little parallelism, but right

#include <cuda_runtime.h>
#include <cstdint>

// One block of threads per pair, through all layers.
__global__ void copy(void* const* key_caches, void* const* value_caches, const int64_t* mapping, int num_layers,
                     int64_t block_bytes) {
    const int64_t from = mapping[2 * blockIdx.x] * block_bytes, to = mapping[2 * blockIdx.x + 1] * block_bytes;
    for (int layer = 0; layer < num_layers; ++layer) {
        char* keys = static_cast<char*>(key_caches[layer]);
        char* values = static_cast<char*>(value_caches[layer]);
        for (int64_t i = threadIdx.x; i < block_bytes; i += blockDim.x) {
            keys[to + i] = keys[from + i];
            values[to + i] = values[from + i];
        }
    }
}

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    if (num_pairs == 0) return cudaSuccess;
    copy<<<num_pairs, 512, 0, stream>>>(key_caches, value_caches, block_mapping, num_layers, block_bytes);
    return cudaGetLastError();
}
