// expect: PASS
// expect(cuda): PASS | SLOW
// why: a block of threads per pair, layer and cache, with 16-byte packs where the size allows them, one at a time
#include <cuda_runtime.h>
#include <cstdint>

// One block of threads per pair (x), layer (y) and kind of cache (z).
template <class Pack>
__global__ void copy(void* const* key_caches, void* const* value_caches, const int64_t* mapping, int64_t packs) {
    Pack* cache = static_cast<Pack*>(blockIdx.z ? value_caches[blockIdx.y] : key_caches[blockIdx.y]);
    const Pack* from = cache + mapping[2 * blockIdx.x] * packs;
    Pack* to = cache + mapping[2 * blockIdx.x + 1] * packs;
    for (int64_t i = threadIdx.x; i < packs; i += blockDim.x) to[i] = from[i];
}

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    if (num_pairs == 0) return cudaSuccess;
    const dim3 grid(num_pairs, num_layers, 2);
    if (block_bytes % 16 == 0)
        copy<uint4><<<grid, 128, 0, stream>>>(key_caches, value_caches, block_mapping, block_bytes / 16);
    else
        copy<char><<<grid, 128, 0, stream>>>(key_caches, value_caches, block_mapping, block_bytes);
    return cudaGetLastError();
}
