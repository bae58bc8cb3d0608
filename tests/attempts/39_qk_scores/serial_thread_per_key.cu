// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per key, dimension after dimension in fp32, is as naive as can be, and right
#include <cuda_runtime.h>
#include <cstdint>

__global__ void qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits, int64_t count,
                          int max_len, int head_dim, float scale) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const int64_t seq = i / max_len;
    float sum = 0.0f;
    if (i % max_len < seq_lens[seq])
        for (int d = 0; d < head_dim; ++d) sum += q[seq * head_dim + d] * k[i * head_dim + d];
    logits[i] = i % max_len < seq_lens[seq] ? scale * sum : -INFINITY;
}

extern "C" cudaError_t launch_qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits,
                                        int num_seqs, int max_len, int head_dim, float scale, cudaStream_t stream) {
    const int64_t count = int64_t(num_seqs) * max_len;
    const unsigned blocks = unsigned((count + 127) / 128);
    qk_scores<<<blocks, 128, 0, stream>>>(q, k, seq_lens, logits, count, max_len, head_dim, scale);
    return cudaGetLastError();
}
