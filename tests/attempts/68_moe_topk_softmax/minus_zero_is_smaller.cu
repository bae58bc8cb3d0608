// expect: WRONG
// why: bits are compared, and those of -0 are below those of 0, though the two are equal
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;  // one thread per expert

__device__ unsigned key_of(float logit) {
    const unsigned bits = __float_as_uint(logit);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__global__ void route(float* weights, int32_t* indices, const float* gating, int experts, int topk, int renormalize) {
    __shared__ float logit[BLOCK];
    __shared__ float winners[8];
    const int64_t token = blockIdx.x;
    const int expert = threadIdx.x;
    if (expert < experts) logit[expert] = gating[token * experts + expert];
    __syncthreads();
    int rank = 0;
    for (int other = 0; other < experts && expert < experts; ++other) {
        const unsigned mine = key_of(logit[expert]), its = key_of(logit[other]);
        rank += its > mine || (its == mine && other < expert);
    }
    if (expert < experts && rank < topk) {
        winners[rank] = logit[expert];
        indices[token * topk + rank] = expert;
    }
    __syncthreads();
    if (threadIdx.x < topk) {
        float sum = 0.0f;
        for (int i = 0; i < (renormalize ? topk : experts); ++i) sum += expf((renormalize ? winners[i] : logit[i]) - winners[0]);
        weights[token * topk + threadIdx.x] = expf(winners[threadIdx.x] - winners[0]) / sum;
    }
}

extern "C" cudaError_t launch_moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens,
                                               int experts, int topk, int renormalize, cudaStream_t stream) {
    route<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(weights, indices, gating, experts, topk, renormalize);
    return cudaGetLastError();
}
