// expect: PASS
// expect(cuda): PASS | SLOW
// why: four logits and four u are loaded before the first score, which takes both logarithms; a tree of pairs at the end
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 512;
constexpr int LOADS = 4;

__device__ float score(float x, float t, float u) {
    if (t == 0.0f) return x;
    return x / t - logf(-logf(u));
}

__global__ void sample(const float* logits, const float* temperature, const float* u, int32_t* token, int64_t vocab) {
    __shared__ float value[BLOCK];
    __shared__ int32_t at[BLOCK];
    const int64_t start = blockIdx.x * vocab;
    const float t = temperature[blockIdx.x];
    float best = -INFINITY;
    int32_t mine = 0;
    for (int64_t first = threadIdx.x; first < vocab; first += LOADS * BLOCK) {
        float x[LOADS], noise[LOADS];
#pragma unroll
        for (int k = 0; k < LOADS; ++k) {
            const int64_t v = first + k * BLOCK;
            x[k] = v < vocab ? logits[start + v] : -INFINITY;
            noise[k] = v < vocab ? u[start + v] : 0.5f;
        }
#pragma unroll
        for (int k = 0; k < LOADS; ++k) {
            const float s = score(x[k], t, noise[k]);
            if (s > best) best = s, mine = static_cast<int32_t>(first + k * BLOCK);
        }
    }
    value[threadIdx.x] = best;
    at[threadIdx.x] = mine;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half && value[threadIdx.x + half] > value[threadIdx.x]) {
            value[threadIdx.x] = value[threadIdx.x + half];
            at[threadIdx.x] = at[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) token[blockIdx.x] = at[0];
}

extern "C" cudaError_t launch_gumbel_sampling(const float* logits, const float* temperature, const float* u,
                                              int32_t* token, int num_seqs, int64_t vocab, cudaStream_t stream) {
    sample<<<num_seqs, BLOCK, 0, stream>>>(logits, temperature, u, token, vocab);
    return cudaGetLastError();
}
