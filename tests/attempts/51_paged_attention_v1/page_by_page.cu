// expect: PASS
// expect(cuda): PASS | SLOW
// why: one page at a time with rescaling, a thread per element of the head, is right

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One block of threads per sequence and head, thread d has element d of the output; one page of the cache at a time.
__global__ void attention(__half* out, const __half* q, const __half* key_cache, const __half* value_cache,
                          const int32_t* block_tables, const int32_t* seq_lens, const float* alibi_slopes,
                          int num_heads, int num_kv_heads, int head_size, int block_size, int64_t stride, float scale) {
    __shared__ float score[32];
    const int head = blockIdx.x, seq = blockIdx.y, n = seq_lens[seq], d = threadIdx.x;
    const int kv = head / (num_heads / num_kv_heads), pages = (n + block_size - 1) / block_size;
    const int64_t row = (int64_t(seq) * num_heads + head) * head_size;

    float top = -INFINITY, sum = 0, acc = 0;
    for (int p = 0; p < pages; ++p) {
        const int64_t page = int64_t(block_tables[seq * stride + p]) * num_kv_heads + kv;
        const int tokens = min(block_size, n - p * block_size);
        __syncthreads();  // the scores of the page before have been used
        if (d < tokens) {
            float dot = 0;
            for (int i = 0; i < head_size; ++i)
                dot += __half2float(q[row + i]) *
                       __half2float(key_cache[((page * (head_size / 8) + i / 8) * block_size + d) * 8 + i % 8]);
            score[d] = scale * dot + (alibi_slopes ? alibi_slopes[head] * (p * block_size + d - n + 1) : 0.0f);
        }
        __syncthreads();  // the scores are complete
        float higher = top;
        for (int t = 0; t < tokens; ++t) higher = fmaxf(higher, score[t]);
        const float factor = expf(top - higher);
        sum *= factor;
        acc *= factor;
        top = higher;
        for (int t = 0; t < tokens; ++t) {
            const float weight = expf(score[t] - top);
            sum += weight;
            if (d < head_size) acc += weight * __half2float(value_cache[(page * head_size + d) * block_size + t]);
        }
    }
    if (d < head_size) out[row + d] = __float2half(acc / sum);
}

extern "C" cudaError_t launch_paged_attention_v1(__half* out, const __half* q, const __half* key_cache,
                                                 const __half* value_cache, const int32_t* block_tables,
                                                 const int32_t* seq_lens, const float* alibi_slopes, int num_seqs,
                                                 int num_heads, int num_kv_heads, int head_size, int block_size,
                                                 int64_t block_table_stride, int max_seq_len, float scale,
                                                 cudaStream_t stream) {
    (void)max_seq_len;
    attention<<<dim3(num_heads, num_seqs), 256, 0, stream>>>(out, q, key_cache, value_cache, block_tables, seq_lens,
                                                             alibi_slopes, num_heads, num_kv_heads, head_size,
                                                             block_size, block_table_stride, scale);
    return cudaGetLastError();
}
