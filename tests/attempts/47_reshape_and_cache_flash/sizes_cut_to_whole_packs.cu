// expect: WRONG
// why: row length and strides are divided by 8 and what is left over is dropped

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void store(const uint4* key, const uint4* value, uint4* key_cache, uint4* value_cache,
                      const int64_t* slot_mapping, int packs, int64_t key_stride, int64_t value_stride) {
    const int64_t t = blockIdx.x, slot = slot_mapping[t];
    if (slot < 0) return;
    for (int i = threadIdx.x; i < packs; i += blockDim.x) {
        key_cache[slot * packs + i] = key[t * key_stride + i];
        value_cache[slot * packs + i] = value[t * value_stride + i];
    }
}

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    store<<<unsigned(tokens), 128, 0, stream>>>(
        reinterpret_cast<const uint4*>(key), reinterpret_cast<const uint4*>(value), reinterpret_cast<uint4*>(key_cache),
        reinterpret_cast<uint4*>(value_cache), slot_mapping, num_heads * head_size / 8, key_stride / 8,
        value_stride / 8);
    return cudaGetLastError();
}
