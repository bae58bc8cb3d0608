// 34 Rotary position embedding, in place. For each token t, each head of q and of k, and i < rot_dim / 2:
//
//   c = cos_sin[positions[t], i], s = cos_sin[positions[t], rot_dim / 2 + i]
//   (a, b) = (a * c - b * s, b * c + a * s), where (a, b) are
//     elements i and rot_dim / 2 + i of the head, if is_neox is not 0
//     elements 2i and 2i + 1 of the head, if is_neox is 0
//
// q is (tokens, num_heads, head_size) bf16, k is (tokens, num_kv_heads, head_size) bf16; num_kv_heads may be 0.
// cos_sin is (positions, rot_dim) fp32. Elements from rot_dim on stay as they are.
// Run it with:  python -m grader run 34_rotary_embedding

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k, const float* cos_sin,
                                 int64_t tokens, int num_heads, int num_kv_heads, int head_size, int rot_dim,
                                 int is_neox) {
    // TODO: read both elements of a pair, rotate them, write both.
}

extern "C" cudaError_t launch_rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k,
                                               const float* cos_sin, int64_t tokens, int num_heads, int num_kv_heads,
                                               int head_size, int rot_dim, int is_neox, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // rotary_embedding<<<grid, block, 0, stream>>>(positions, q, k, cos_sin, tokens, num_heads, num_kv_heads,
    //                                              head_size, rot_dim, is_neox);
    return cudaGetLastError();
}
