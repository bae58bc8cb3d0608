// 47 Write keys and values into the paged cache: key_cache[slot] = key[t], value_cache[slot] = value[t] for all t,
// where slot = slot_mapping[t]; tokens with slot -1 are skipped, and every other slot stays what it was.
//
//   key, value              (tokens, num_heads, head_size)               bf16; row t at t * key_stride, value_stride
//   key_cache, value_cache  (blocks, block_size, num_heads, head_size)   bf16
//   slot_mapping            (tokens)                                     int64: no slot twice
//
// In this layout blocks and the slots in them count through: slot s begins at s * num_heads * head_size, and the block
// size cancels out. One warp copies one token.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int WARP = 32;
constexpr int THREADS = 256;  // 8 tokens; a small block, so that multiprocessors are refilled evenly at the end
constexpr int WARPS = THREADS / WARP;
constexpr int PACKS = 4;      // loads of key and of value in flight per lane: 128 bytes together

// Pack is uint4, 8 numbers at once, where every row begins at a multiple of 16 bytes, and a single number elsewhere.
template <class Pack>
__global__ void __launch_bounds__(THREADS)
    reshape_and_cache(const __nv_bfloat16* key, const __nv_bfloat16* value, __nv_bfloat16* key_cache,
                      __nv_bfloat16* value_cache, const int64_t* slot_mapping, int64_t tokens, int row,
                      int64_t key_stride, int64_t value_stride) {
    const int lane = threadIdx.x % WARP;
    const int64_t token = static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / WARP;
    if (token >= tokens) return;  // a whole warp; there are no barriers

    const int64_t slot = slot_mapping[token];
    const Pack* from_key = reinterpret_cast<const Pack*>(key + token * key_stride);
    const Pack* from_value = reinterpret_cast<const Pack*>(value + token * value_stride);
    Pack* to_key = reinterpret_cast<Pack*>(key_cache + slot * row);
    Pack* to_value = reinterpret_cast<Pack*>(value_cache + slot * row);
    const int packs = row / (sizeof(Pack) / sizeof(__nv_bfloat16));

    for (int first = lane; first < packs; first += WARP * PACKS) {
        // The rows do not depend on the slot, so they are asked for before anybody looks at it: one wait for memory
        // instead of two. A skipped token has been read in vain, but there are few of them.
        Pack k[PACKS], v[PACKS];
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int at = first + i * WARP;
            if (at < packs) {
                k[i] = from_key[at];
                v[i] = from_value[at];
            }
        }
        if (slot < 0) return;  // padding
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int at = first + i * WARP;
            if (at < packs) {
                to_key[at] = k[i];
                to_value[at] = v[i];
            }
        }
    }
}

static bool aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % sizeof(uint4) == 0; }

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    constexpr int PER_PACK = sizeof(uint4) / sizeof(__nv_bfloat16);
    const int row = num_heads * head_size;
    const unsigned blocks = static_cast<unsigned>((tokens + WARPS - 1) / WARPS);

    // A base at a multiple of 16 bytes and a stride of whole packs put every row at one; likewise every slot.
    const bool wide = row % PER_PACK == 0 && key_stride % PER_PACK == 0 && value_stride % PER_PACK == 0 &&
                      aligned(key) && aligned(value) && aligned(key_cache) && aligned(value_cache);
    if (wide)
        reshape_and_cache<uint4><<<blocks, THREADS, 0, stream>>>(key, value, key_cache, value_cache, slot_mapping,
                                                                 tokens, row, key_stride, value_stride);
    else
        reshape_and_cache<__nv_bfloat16><<<blocks, THREADS, 0, stream>>>(key, value, key_cache, value_cache,
                                                                         slot_mapping, tokens, row, key_stride,
                                                                         value_stride);
    return cudaGetLastError();
}
