// expect: WRONG
// why: the scale is taken to be 1/√head_dim, whatever the caller asks for
#include <cuda_runtime.h>
#include <cstdint>

constexpr int WARPS = 4;

// One warp per key; the block's keys belong to one sequence.
__global__ void qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits, int max_len,
                          int head_dim, float scale) {
    __shared__ float query[128];
    const int seq = blockIdx.y, t = blockIdx.x * WARPS + threadIdx.y;
    const int thread = threadIdx.y * 32 + threadIdx.x;
    if (thread < head_dim) query[thread] = q[seq * head_dim + thread];
    __syncthreads();  // every warp reads the whole query
    if (t >= max_len) return;
    const float* key = k + (int64_t(seq) * max_len + t) * head_dim;
    float sum = 0.0f;
    for (int d = threadIdx.x; d < head_dim; d += 32) sum += query[d] * key[d];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (threadIdx.x == 0)
        logits[int64_t(seq) * max_len + t] = t < seq_lens[seq] ? sum * rsqrtf(float(head_dim)) : -INFINITY;
}

extern "C" cudaError_t launch_qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits,
                                        int num_seqs, int max_len, int head_dim, float scale, cudaStream_t stream) {
    const dim3 block(32, WARPS), grid((max_len + WARPS - 1) / WARPS, num_seqs);
    qk_scores<<<grid, block, 0, stream>>>(q, k, seq_lens, logits, max_len, head_dim, scale);
    return cudaGetLastError();
}
