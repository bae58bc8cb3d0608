// expect: UNSAFE | CRASH
// why: the launcher reads the array of pointers, but that lies in device memory

#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    (void)block_mapping, (void)num_pairs;
    for (int layer = 0; layer < num_layers; ++layer) {
        char* keys = static_cast<char*>(key_caches[layer]);
        char* values = static_cast<char*>(value_caches[layer]);
        cudaMemcpyAsync(keys + block_bytes, keys, block_bytes, cudaMemcpyDefault, stream);
        cudaMemcpyAsync(values + block_bytes, values, block_bytes, cudaMemcpyDefault, stream);
    }
    return cudaGetLastError();
}
