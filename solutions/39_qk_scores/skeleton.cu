// 39 Scores: logits[s, t] = scale * (q[s, :] · k[s, t, :]) for t < seq_lens[s], and -inf for the other t.
//
// q is (num_seqs, head_dim), k is (num_seqs, max_len, head_dim), logits is (num_seqs, max_len), all fp32 and row-major;
// seq_lens is (num_seqs) int32, each from 1 to max_len. head_dim is a multiple of 8, at most 128.
// Run it with:  python -m grader run 39_qk_scores

#include <cuda_runtime.h>
#include <cstdint>

__global__ void qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits, int max_len,
                          int head_dim, float scale) {
    // TODO: one block per sequence and tile of keys. Fetch the query once, then multiply it with every key of the tile.
}

extern "C" cudaError_t launch_qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits,
                                        int num_seqs, int max_len, int head_dim, float scale, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // qk_scores<<<grid, block, 0, stream>>>(q, k, seq_lens, logits, max_len, head_dim, scale);
    return cudaGetLastError();
}
