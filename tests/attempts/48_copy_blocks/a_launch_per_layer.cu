// expect: PASS
// expect(cuda): PASS | SLOW
// why: one launch per layer, with the layer's number as an argument, is right

#include <cuda_runtime.h>
#include <cstdint>

// One block of threads per pair (x), and kind of cache (y).
__global__ void copy(void* const* key_caches, void* const* value_caches, const int64_t* mapping, int layer,
                     int64_t block_bytes) {
    char* cache = static_cast<char*>(blockIdx.y ? value_caches[layer] : key_caches[layer]);
    const char* from = cache + mapping[2 * blockIdx.x] * block_bytes;
    char* to = cache + mapping[2 * blockIdx.x + 1] * block_bytes;
    for (int64_t i = threadIdx.x; i < block_bytes; i += blockDim.x) to[i] = from[i];
}

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    if (num_pairs == 0) return cudaSuccess;
    for (int layer = 0; layer < num_layers; ++layer)
        copy<<<dim3(num_pairs, 2), 256, 0, stream>>>(key_caches, value_caches, block_mapping, layer, block_bytes);
    return cudaGetLastError();
}
