// 51 PagedAttention v1: out = softmax(scale · q·Kᵀ + bias) · V for one query per sequence and head.
//
//   q, out        (num_seqs, num_heads, head_size)                        fp16; out arrives full of rubbish
//   key_cache     (blocks, num_kv_heads, head_size / 8, block_size, 8)    fp16: 8 numbers of a key lie together
//   value_cache   (blocks, num_kv_heads, head_size, block_size)           fp16: transposed, tokens lie together
//   block_tables  (num_seqs, block_table_stride)                          int32: token t is at place t % block_size
//                                                                         of block table[t / block_size]
//   seq_lens      (num_seqs)                                              int32: 1 to max_seq_len
//   alibi_slopes  (num_heads)                                             fp32, or NULL: bias = slope · (t - len + 1)
//
// Query head h uses kv head h / (num_heads / num_kv_heads). What holds no token of the sequence may be NaN.
// Run it with:  python -m grader run 51_paged_attention_v1

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void paged_attention(__half* out, const __half* q, const __half* key_cache, const __half* value_cache,
                                const int32_t* block_tables, const int32_t* seq_lens, const float* alibi_slopes,
                                int num_heads, int num_kv_heads, int head_size, int block_size,
                                int64_t block_table_stride, float scale) {
    // TODO: the scores of this sequence and head, their softmax, and the weighted sum of the values. Sums in fp32.
}

extern "C" cudaError_t launch_paged_attention_v1(__half* out, const __half* q, const __half* key_cache,
                                                 const __half* value_cache, const int32_t* block_tables,
                                                 const int32_t* seq_lens, const float* alibi_slopes, int num_seqs,
                                                 int num_heads, int num_kv_heads, int head_size, int block_size,
                                                 int64_t block_table_stride, int max_seq_len, float scale,
                                                 cudaStream_t stream) {
    // TODO: choose the grid, the block and the shared memory, and launch on `stream`:
    // paged_attention<<<grid, block, shared, stream>>>(out, q, key_cache, value_cache, block_tables, seq_lens,
    //                                                  alibi_slopes, num_heads, num_kv_heads, head_size, block_size,
    //                                                  block_table_stride, scale);
    return cudaGetLastError();
}
