// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per sequence and head, one token after the other in fp32, is right

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void attention(__half* out, const __half* q, const __half* key_cache, const __half* value_cache,
                          const int32_t* block_tables, const int32_t* seq_lens, const float* alibi_slopes, int rows,
                          int num_heads, int num_kv_heads, int head_size, int block_size, int64_t stride, float scale) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows) return;
    const int seq = i / num_heads, head = i % num_heads, n = seq_lens[seq];
    const int kv = head / (num_heads / num_kv_heads);
    float top = -INFINITY, sum = 0, acc[256];
    for (int d = 0; d < head_size; ++d) acc[d] = 0;
    for (int t = 0; t < n; ++t) {
        const int64_t page = int64_t(block_tables[seq * stride + t / block_size]) * num_kv_heads + kv;
        const int place = t % block_size;
        float dot = 0;
        for (int d = 0; d < head_size; ++d)
            dot += __half2float(q[int64_t(i) * head_size + d]) *
                   __half2float(key_cache[((page * (head_size / 8) + d / 8) * block_size + place) * 8 + d % 8]);
        const float score = scale * dot + (alibi_slopes ? alibi_slopes[head] * (t - n + 1) : 0.0f);
        const float higher = fmaxf(top, score), factor = expf(top - higher), weight = expf(score - higher);
        sum = sum * factor + weight;
        for (int d = 0; d < head_size; ++d)
            acc[d] = acc[d] * factor + weight * __half2float(value_cache[(page * head_size + d) * block_size + place]);
        top = higher;
    }
    for (int d = 0; d < head_size; ++d) out[int64_t(i) * head_size + d] = __float2half(acc[d] / sum);
}

extern "C" cudaError_t launch_paged_attention_v1(__half* out, const __half* q, const __half* key_cache,
                                                 const __half* value_cache, const int32_t* block_tables,
                                                 const int32_t* seq_lens, const float* alibi_slopes, int num_seqs,
                                                 int num_heads, int num_kv_heads, int head_size, int block_size,
                                                 int64_t block_table_stride, int max_seq_len, float scale,
                                                 cudaStream_t stream) {
    (void)max_seq_len;
    const int rows = num_seqs * num_heads;
    attention<<<(rows + 31) / 32, 32, 0, stream>>>(out, q, key_cache, value_cache, block_tables, seq_lens, alibi_slopes,
                                                   rows, num_heads, num_kv_heads, head_size, block_size,
                                                   block_table_stride, scale);
    return cudaGetLastError();
}
