// expect(cuda): WRONG
// expect(simulator): PASS
// why: __logf is good to 7 digits after the point, and -log(0.999998) begins at the sixth; the simulator's is exact
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float score(float x, float t, float u) {
    if (t == 0.0f) return x;
    return x / t - __logf(-__logf(u));
}

__global__ void sample(const float* logits, const float* temperature, const float* u, int32_t* token, int64_t vocab) {
    __shared__ float value[BLOCK];
    __shared__ int32_t at[BLOCK];
    const int64_t start = blockIdx.x * vocab;
    const float t = temperature[blockIdx.x];
    float best = -INFINITY;
    int32_t mine = 0;
    for (int64_t v = threadIdx.x; v < vocab; v += BLOCK) {
        const float s = score(logits[start + v], t, u[start + v]);
        if (s > best) best = s, mine = v;
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
