// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row: naive, but right
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 32;

__global__ void sample(const float* logits, const float* temperature, const float* u, int32_t* token, int num_seqs,
                       int64_t vocab) {
    const int row = blockIdx.x * BLOCK + threadIdx.x;
    if (row >= num_seqs) return;
    const float t = temperature[row];
    float best = -INFINITY;
    for (int64_t v = 0; v < vocab; ++v) {
        const int64_t i = row * vocab + v;
        const float s = t == 0.0f ? logits[i] : logits[i] * (1.0f / t) - logf(-logf(u[i]));
        if (s > best) best = s, token[row] = v;
    }
}

extern "C" cudaError_t launch_gumbel_sampling(const float* logits, const float* temperature, const float* u,
                                              int32_t* token, int num_seqs, int64_t vocab, cudaStream_t stream) {
    sample<<<(num_seqs + BLOCK - 1) / BLOCK, BLOCK, 0, stream>>>(logits, temperature, u, token, num_seqs, vocab);
    return cudaGetLastError();
}
