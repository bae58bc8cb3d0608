// expect: WRONG
// why: the values are forgotten

#include <cuda_runtime.h>
#include <cstdint>

// One block of threads per pair (x), layer (y) and kind of cache (z).
__global__ void copy(void* const* key_caches, void* const* value_caches, const int64_t* mapping, int64_t block_bytes) {
    char* cache = static_cast<char*>(blockIdx.z ? value_caches[blockIdx.y] : key_caches[blockIdx.y]);
    const char* from = cache + mapping[2 * blockIdx.x] * block_bytes;
    char* to = cache + mapping[2 * blockIdx.x + 1] * block_bytes;
    for (int64_t i = threadIdx.x; i < block_bytes; i += blockDim.x) to[i] = from[i];
}

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    if (num_pairs == 0) return cudaSuccess;
    copy<<<dim3(num_pairs, num_layers), 128, 0, stream>>>(key_caches, value_caches, block_mapping, block_bytes);
    return cudaGetLastError();
}
