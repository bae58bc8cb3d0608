// expect: WRONG | UNSAFE
// why: the slot is taken for the number of a block

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void store(const __nv_bfloat16* key, const __nv_bfloat16* value, __nv_bfloat16* key_cache,
                      __nv_bfloat16* value_cache, const int64_t* slot_mapping, int num_heads, int head_size,
                      int block_size, int64_t key_stride, int64_t value_stride) {
    const int64_t t = blockIdx.x, slot = slot_mapping[t];
    if (slot < 0) return;
    const int n = num_heads * head_size;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        const int64_t to = slot * block_size * n + i;
        key_cache[to] = key[t * key_stride + i];
        value_cache[to] = value[t * value_stride + i];
    }
}

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    store<<<unsigned(tokens), 128, 0, stream>>>(key, value, key_cache, value_cache, slot_mapping, num_heads, head_size,
                                                block_size, key_stride, value_stride);
    return cudaGetLastError();
}
