// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per token walks all pairs of all heads of q and then of k, as vLLM does
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ void rotate(__nv_bfloat16* x, const float* angles, int heads, int head_size, int half, int is_neox) {
    for (int n = threadIdx.x; n < heads * half; n += BLOCK) {
        const int head = n / half, i = n % half;
        __nv_bfloat16& first = x[head * head_size + (is_neox ? i : 2 * i)];
        __nv_bfloat16& second = x[head * head_size + (is_neox ? half + i : 2 * i + 1)];
        const float a = __bfloat162float(first), b = __bfloat162float(second), c = angles[i], s = angles[half + i];
        first = __float2bfloat16(a * c - b * s);
        second = __float2bfloat16(b * c + a * s);
    }
}

__global__ void rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k, const float* cos_sin,
                                 int num_heads, int num_kv_heads, int head_size, int rot_dim, int is_neox) {
    const int64_t token = blockIdx.x;
    const float* angles = cos_sin + positions[token] * rot_dim;
    rotate(q + token * num_heads * head_size, angles, num_heads, head_size, rot_dim / 2, is_neox);
    rotate(k + token * num_kv_heads * head_size, angles, num_kv_heads, head_size, rot_dim / 2, is_neox);
}

extern "C" cudaError_t launch_rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k,
                                               const float* cos_sin, int64_t tokens, int num_heads, int num_kv_heads,
                                               int head_size, int rot_dim, int is_neox, cudaStream_t stream) {
    rotary_embedding<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(positions, q, k, cos_sin, num_heads,
                                                                          num_kv_heads, head_size, rot_dim, is_neox);
    return cudaGetLastError();
}
