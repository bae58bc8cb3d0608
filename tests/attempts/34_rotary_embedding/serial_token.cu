// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per token, all its heads one after the other: naive, but right
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k, const float* cos_sin,
                                 int64_t tokens, int num_heads, int num_kv_heads, int head_size, int rot_dim,
                                 int is_neox) {
    const int64_t token = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (token >= tokens) return;
    const int half = rot_dim / 2;
    for (int h = 0; h < num_heads + num_kv_heads; ++h) {
        __nv_bfloat16* x = h < num_heads ? q + (token * num_heads + h) * head_size
                                         : k + (token * num_kv_heads + h - num_heads) * head_size;
        for (int i = 0; i < half; ++i) {
            const int first = is_neox ? i : 2 * i, second = is_neox ? half + i : 2 * i + 1;
            const float c = cos_sin[positions[token] * rot_dim + i];
            const float s = cos_sin[positions[token] * rot_dim + half + i];
            const float a = __bfloat162float(x[first]), b = __bfloat162float(x[second]);
            x[first] = __float2bfloat16(a * c - b * s);
            x[second] = __float2bfloat16(b * c + a * s);
        }
    }
}

extern "C" cudaError_t launch_rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k,
                                               const float* cos_sin, int64_t tokens, int num_heads, int num_kv_heads,
                                               int head_size, int rot_dim, int is_neox, cudaStream_t stream) {
    const unsigned blocks = static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK);
    rotary_embedding<<<blocks, BLOCK, 0, stream>>>(positions, q, k, cos_sin, tokens, num_heads, num_kv_heads, head_size,
                                                   rot_dim, is_neox);
    return cudaGetLastError();
}
