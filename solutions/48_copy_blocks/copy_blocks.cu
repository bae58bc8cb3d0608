// 48 Copy blocks of the paged cache: for each pair, block dst = block src in both caches of every layer.
//
//   key_caches, value_caches  (num_layers)      pointers, themselves in device memory; each at a multiple of 256 bytes
//   block_mapping             (num_pairs, 2)    int64: src and dst; no block is dst twice, or both src and dst
//
// One launch for everything. A block of threads copies one chunk: up to 16 KB of one cache block of one layer.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int WARP = 32;
constexpr int MAX_THREADS = 256;
constexpr int PACKS = 4;  // loads in flight per thread: 64 bytes when a pack has 16

// Pack is the widest type whose size divides block_bytes: then every cache block begins at a multiple of it.
template <class Pack>
__global__ void __launch_bounds__(MAX_THREADS)
    copy_blocks(void* const* key_caches, void* const* value_caches, const int64_t* block_mapping, int64_t packs,
                unsigned chunks) {
    const unsigned pair = blockIdx.x / chunks, chunk = blockIdx.x % chunks;
    const unsigned layer = blockIdx.y;

    // Pointer and pair are asked for together; all threads read the same words, which costs one access per warp.
    Pack* cache = static_cast<Pack*>(blockIdx.z == 0 ? key_caches[layer] : value_caches[layer]);
    const Pack* from = cache + block_mapping[2 * pair] * packs;  // 64 bits: a cache is larger than 2 GB
    Pack* to = cache + block_mapping[2 * pair + 1] * packs;

    const int64_t first = static_cast<int64_t>(chunk) * blockDim.x * PACKS + threadIdx.x;
    Pack v[PACKS];
#pragma unroll
    for (int i = 0; i < PACKS; ++i) {  // all loads before the first store: they wait for memory together
        const int64_t at = first + i * blockDim.x;
        if (at < packs) v[i] = from[at];
    }
#pragma unroll
    for (int i = 0; i < PACKS; ++i) {
        const int64_t at = first + i * blockDim.x;
        if (at < packs) to[at] = v[i];
    }
}

template <class Pack>
static void launch(void* const* key_caches, void* const* value_caches, const int64_t* block_mapping, int num_layers,
                   int num_pairs, int64_t block_bytes, cudaStream_t stream) {
    const int64_t packs = block_bytes / sizeof(Pack);
    const int64_t warps = (packs + WARP - 1) / WARP;
    // Fewer threads for a small block: none is idle.
    const int threads = warps * WARP < MAX_THREADS ? static_cast<int>(warps * WARP) : MAX_THREADS;
    const unsigned chunks = static_cast<unsigned>((packs + threads * PACKS - 1) / (threads * PACKS));
    const dim3 grid(num_pairs * chunks, num_layers, 2);  // z: keys, values
    copy_blocks<Pack><<<grid, threads, 0, stream>>>(key_caches, value_caches, block_mapping, packs, chunks);
}

extern "C" cudaError_t launch_copy_blocks(void* const* key_caches, void* const* value_caches,
                                          const int64_t* block_mapping, int num_layers, int num_pairs,
                                          int64_t block_bytes, cudaStream_t stream) {
    if (num_pairs == 0) return cudaSuccess;  // a grid of 0 blocks is an error

    // The launcher cannot look at the pointers, as they lie in device memory. But it knows the block size.
    if (block_bytes % 16 == 0)
        launch<uint4>(key_caches, value_caches, block_mapping, num_layers, num_pairs, block_bytes, stream);
    else if (block_bytes % 8 == 0)
        launch<uint2>(key_caches, value_caches, block_mapping, num_layers, num_pairs, block_bytes, stream);
    else if (block_bytes % 4 == 0)
        launch<unsigned>(key_caches, value_caches, block_mapping, num_layers, num_pairs, block_bytes, stream);
    else if (block_bytes % 2 == 0)
        launch<unsigned short>(key_caches, value_caches, block_mapping, num_layers, num_pairs, block_bytes, stream);
    else
        launch<unsigned char>(key_caches, value_caches, block_mapping, num_layers, num_pairs, block_bytes, stream);
    return cudaGetLastError();
}
