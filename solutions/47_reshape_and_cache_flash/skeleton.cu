// 47 Write keys and values into the paged cache: key_cache[slot] = key[t], value_cache[slot] = value[t] for all t,
// where slot = slot_mapping[t]; tokens with slot -1 are skipped, and every other slot stays what it was.
//
//   key, value              (tokens, num_heads, head_size)               bf16; row t at t * key_stride, value_stride
//   key_cache, value_cache  (blocks, block_size, num_heads, head_size)   bf16; slot s: (s / block_size, s % block_size)
//   slot_mapping            (tokens)                                     int64: no slot twice
//
// Run it with:  python -m grader run 47_reshape_and_cache_flash

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void reshape_and_cache(const __nv_bfloat16* key, const __nv_bfloat16* value, __nv_bfloat16* key_cache,
                                  __nv_bfloat16* value_cache, const int64_t* slot_mapping, int64_t tokens,
                                  int num_heads, int head_size, int block_size, int64_t key_stride,
                                  int64_t value_stride) {
    // TODO: copy the key and the value of each token into its slot; 16 bytes at a time where alignment allows it.
}

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // reshape_and_cache<<<grid, block, 0, stream>>>(key, value, key_cache, value_cache, slot_mapping, tokens,
    //                                               num_heads, head_size, block_size, key_stride, value_stride);
    return cudaGetLastError();
}
