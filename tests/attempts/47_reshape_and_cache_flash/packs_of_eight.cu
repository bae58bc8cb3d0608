// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per token, 16-byte packs where rows and strides allow them, one of key and one of value at a time
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 128;

// Strides, and n, a token's row, count packs.
template <class Pack>
__global__ void store(const Pack* key, const Pack* value, Pack* key_cache, Pack* value_cache,
                      const int64_t* slot_mapping, int n, int64_t key_stride, int64_t value_stride) {
    const int64_t t = blockIdx.x, slot = slot_mapping[t];
    if (slot < 0) return;
    for (int i = threadIdx.x; i < n; i += BLOCK) {
        key_cache[slot * n + i] = key[t * key_stride + i];
        value_cache[slot * n + i] = value[t * value_stride + i];
    }
}

template <class Pack>
static void launch(const void* key, const void* value, void* key_cache, void* value_cache, const int64_t* slot_mapping,
                   int64_t tokens, int n, int64_t key_stride, int64_t value_stride, cudaStream_t stream) {
    constexpr int each = sizeof(Pack) / sizeof(__nv_bfloat16);
    store<<<unsigned(tokens), BLOCK, 0, stream>>>(
        static_cast<const Pack*>(key), static_cast<const Pack*>(value), static_cast<Pack*>(key_cache),
        static_cast<Pack*>(value_cache), slot_mapping, n / each, key_stride / each, value_stride / each);
}

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    const int n = num_heads * head_size;  // a slot is a row of the cache, whatever block it is in
    const bool wide = n % 8 == 0 && key_stride % 8 == 0 && value_stride % 8 == 0;
    (wide ? launch<uint4> : launch<unsigned short>)(key, value, key_cache, value_cache, slot_mapping, tokens, n,
                                                    key_stride, value_stride, stream);
    return cudaGetLastError();
}
