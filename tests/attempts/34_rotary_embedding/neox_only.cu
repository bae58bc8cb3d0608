// expect: WRONG
// why: is_neox is ignored: neighbours are never paired
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

// One thread per pair of x, which is q or k.
__global__ void rotate(const int64_t* positions, __nv_bfloat16* x, const float* cos_sin, int64_t tokens, int heads,
                       int head_size, int rot_dim, int is_neox) {
    const int half = rot_dim / 2;
    const int64_t n = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (n >= tokens * heads * half) return;
    const int i = n % half;
    const int64_t head = n / half, token = head / heads;
    const int first = i, second = half + i;
    const float c = cos_sin[positions[token] * rot_dim + i];
    const float s = cos_sin[positions[token] * rot_dim + half + i];
    x += head * head_size;
    const float a = __bfloat162float(x[first]), b = __bfloat162float(x[second]);
    x[first] = __float2bfloat16(a * c - b * s);
    x[second] = __float2bfloat16(b * c + a * s);
}

extern "C" cudaError_t launch_rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k,
                                               const float* cos_sin, int64_t tokens, int num_heads, int num_kv_heads,
                                               int head_size, int rot_dim, int is_neox, cudaStream_t stream) {
    const int heads[] = {num_heads, num_kv_heads};
    __nv_bfloat16* const of[] = {q, k};
    for (int i = 0; i < 2; ++i) {
        const int64_t pairs = tokens * heads[i] * (rot_dim / 2);
        if (pairs == 0) continue;  // no k: a grid of 0 blocks is an error
        const unsigned blocks = static_cast<unsigned>((pairs + BLOCK - 1) / BLOCK);
        rotate<<<blocks, BLOCK, 0, stream>>>(positions, of[i], cos_sin, tokens, heads[i], head_size, rot_dim, is_neox);
    }
    return cudaGetLastError();
}
