// expect: PASS
// expect(cuda): PASS | SLOW
// why: all keys are multiplied, the undefined ones as well, and a second launch puts -inf in their place
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 64;

// One block per key. Eight products per step and thread would be faster; this is right.
__global__ void scores(const float* q, const float* k, float* logits, int max_len, int head_dim, float scale) {
    __shared__ float sums[BLOCK];
    const int64_t i = blockIdx.x, seq = i / max_len;
    float sum = 0.0f;
    for (int d = threadIdx.x; d < head_dim; d += BLOCK) sum += scale * q[seq * head_dim + d] * k[i * head_dim + d];
    sums[threadIdx.x] = sum;
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();  // every step reads what the one before wrote
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (threadIdx.x == 0) logits[i] = sums[0];
}

__global__ void mask(const int32_t* seq_lens, float* logits, int max_len) {
    for (int t = seq_lens[blockIdx.x] + threadIdx.x; t < max_len; t += blockDim.x)
        logits[int64_t(blockIdx.x) * max_len + t] = -INFINITY;
}

extern "C" cudaError_t launch_qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits,
                                        int num_seqs, int max_len, int head_dim, float scale, cudaStream_t stream) {
    scores<<<num_seqs * max_len, BLOCK, 0, stream>>>(q, k, logits, max_len, head_dim, scale);
    mask<<<num_seqs, 128, 0, stream>>>(seq_lens, logits, max_len);
    return cudaGetLastError();
}
