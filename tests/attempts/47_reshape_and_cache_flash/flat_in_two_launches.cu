// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per element, keys in one launch and values in another, is right

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void store(const __nv_bfloat16* from, __nv_bfloat16* cache, const int64_t* slot_mapping, int64_t tokens,
                      int row, int64_t stride) {
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < tokens * row; i += step) {
        const int64_t t = i / row, column = i % row, slot = slot_mapping[t];
        if (slot >= 0) cache[slot * row + column] = from[t * stride + column];
    }
}

extern "C" cudaError_t launch_reshape_and_cache_flash(const __nv_bfloat16* key, const __nv_bfloat16* value,
                                                      __nv_bfloat16* key_cache, __nv_bfloat16* value_cache,
                                                      const int64_t* slot_mapping, int64_t tokens, int num_heads,
                                                      int head_size, int block_size, int64_t key_stride,
                                                      int64_t value_stride, cudaStream_t stream) {
    store<<<400, 192, 0, stream>>>(key, key_cache, slot_mapping, tokens, num_heads * head_size, key_stride);
    store<<<400, 192, 0, stream>>>(value, value_cache, slot_mapping, tokens, num_heads * head_size, value_stride);
    return cudaGetLastError();
}
