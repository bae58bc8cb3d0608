// expect: PASS
// expect(cuda): PASS | SLOW
// why: the smallest of -log(u) / exp((x - max) / T), in two passes by one warp per row: the same token without the outer logarithm
#include <cuda_runtime.h>
#include <climits>
#include <cmath>
#include <cstdint>

__global__ void sample(const float* logits, const float* temperature, const float* u, int32_t* token, int num_seqs,
                       int64_t vocab) {
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= num_seqs) return;  // a whole warp leaves, never part of one
    const int64_t start = row * vocab;
    const float t = temperature[row];

    float top = -INFINITY;
    for (int64_t v = threadIdx.x; v < vocab; v += 32) top = fmaxf(top, logits[start + v]);
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));

    // Token v arrives after this time; the first one wins. Without noise, all wait for as long as they are behind.
    float first = INFINITY;
    int winner = INT_MAX;
    for (int64_t v = threadIdx.x; v < vocab; v += 32) {
        const float behind = top - logits[start + v];
        const float time = t == 0.0f ? behind : -logf(u[start + v]) * expf(behind / t);
        if (time < first) first = time, winner = v;
    }
    for (int offset = 16; offset > 0; offset /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, first, offset);
        const int its = __shfl_xor_sync(0xffffffffu, winner, offset);
        if (other < first || (other == first && its < winner)) first = other, winner = its;
    }
    if (threadIdx.x == 0) token[row] = winner;
}

extern "C" cudaError_t launch_gumbel_sampling(const float* logits, const float* temperature, const float* u,
                                              int32_t* token, int num_seqs, int64_t vocab, cudaStream_t stream) {
    sample<<<(num_seqs + 3) / 4, dim3(32, 4), 0, stream>>>(logits, temperature, u, token, num_seqs, vocab);
    return cudaGetLastError();
}
