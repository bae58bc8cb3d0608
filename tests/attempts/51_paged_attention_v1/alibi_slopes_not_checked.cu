// expect: UNSAFE | CRASH
// why: alibi_slopes may be NULL

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 128;

// The maximum or the sum over the block; every thread gets it.
template <bool SUM>
__device__ float reduce(float v, float* shared) {
    __syncthreads();
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int step = THREADS / 2; step > 0; step /= 2) {
        if (threadIdx.x < step)
            shared[threadIdx.x] = SUM ? shared[threadIdx.x] + shared[threadIdx.x + step]
                                      : fmaxf(shared[threadIdx.x], shared[threadIdx.x + step]);
        __syncthreads();
    }
    return shared[0];
}

// One block of threads per sequence and head; all scores of the sequence in shared memory.
__global__ void attention(__half* out, const __half* q, const __half* key_cache, const __half* value_cache,
                          const int32_t* block_tables, const int32_t* seq_lens, const float* alibi_slopes,
                          int num_heads, int num_kv_heads, int head_size, int block_size, int64_t stride,
                          int max_seq_len, float scale) {
    extern __shared__ float score[];
    __shared__ float scratch[THREADS];
    const int head = blockIdx.x, seq = blockIdx.y, n = seq_lens[seq];
    const int kv = head / (num_heads / num_kv_heads);
    const int32_t* table = block_tables + seq * stride;
    const int64_t row = (int64_t(seq) * num_heads + head) * head_size;

    float top = -INFINITY;
    for (int t = threadIdx.x; t < n; t += THREADS) {
        const int64_t page = table[t / block_size];
        float dot = 0;
        for (int d = 0; d < head_size; ++d) {
            const int64_t at = ((page * num_kv_heads + kv) * (head_size / 8) + d / 8) * block_size * 8;
            dot += __half2float(q[row + d]) * __half2float(key_cache[at + t % block_size * 8 + d % 8]);
        }
        const float bias = alibi_slopes[head] * (t - n + 1);
        score[t] = scale * dot + bias;
        top = fmaxf(top, score[t]);
    }
    top = reduce<false>(top, scratch);

    float sum = 0;
    for (int t = threadIdx.x; t < n; t += THREADS) sum += score[t] = expf(score[t] - top);
    sum = reduce<true>(sum, scratch);

    for (int d = threadIdx.x; d < head_size; d += THREADS) {
        float acc = 0;
        for (int t = 0; t < n; ++t) {
            const int64_t page = table[t / block_size];
            const int64_t at = ((page * num_kv_heads + kv) * head_size + d) * block_size + t % block_size;
            acc += score[t] * __half2float(value_cache[at]);
        }
        out[row + d] = __float2half(acc / sum);
    }
}

extern "C" cudaError_t launch_paged_attention_v1(__half* out, const __half* q, const __half* key_cache,
                                                 const __half* value_cache, const int32_t* block_tables,
                                                 const int32_t* seq_lens, const float* alibi_slopes, int num_seqs,
                                                 int num_heads, int num_kv_heads, int head_size, int block_size,
                                                 int64_t block_table_stride, int max_seq_len, float scale,
                                                 cudaStream_t stream) {
    const int shared = max_seq_len * sizeof(float);
    if (cudaError_t error = cudaFuncSetAttribute(attention, cudaFuncAttributeMaxDynamicSharedMemorySize, shared))
        return error;
    attention<<<dim3(num_heads, num_seqs), THREADS, shared, stream>>>(
        out, q, key_cache, value_cache, block_tables, seq_lens, alibi_slopes, num_heads, num_kv_heads, head_size,
        block_size, block_table_stride, max_seq_len, scale);
    return cudaGetLastError();
}
