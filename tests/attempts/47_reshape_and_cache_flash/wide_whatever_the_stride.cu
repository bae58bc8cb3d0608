// expect: UNSAFE | CRASH | WRONG
// why: 16-byte copies although rows of odd length do not begin at multiples of 16 bytes

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void store(const __nv_bfloat16* key, const __nv_bfloat16* value, __nv_bfloat16* key_cache,
                      __nv_bfloat16* value_cache, const int64_t* slot_mapping, int n,
                      int64_t key_stride, int64_t value_stride) {
    const int64_t t = blockIdx.x, slot = slot_mapping[t];
    if (slot < 0) return;
    for (int i = threadIdx.x; i < n / 8; i += blockDim.x) {
        reinterpret_cast<uint4*>(key_cache + slot * n)[i] =
            reinterpret_cast<const uint4*>(key + t * key_stride)[i];
        reinterpret_cast<uint4*>(value_cache + slot * n)[i] =
            reinterpret_cast<const uint4*>(value + t * value_stride)[i];
    }
}

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    store<<<unsigned(tokens), 128, 0, stream>>>(key, value, key_cache, value_cache, slot_mapping, num_heads * head_size,
                                                key_stride, value_stride);
    return cudaGetLastError();
}
