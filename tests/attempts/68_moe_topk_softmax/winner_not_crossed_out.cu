// expect: WRONG
// why: the winner stays in the race and wins every round
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int LANES = 32;
constexpr int HELD = 8;  // experts per lane: l, l + 32, …

__device__ float warp_max(float v) {
    for (int offset = 16; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, offset));
    return v;
}

__device__ float warp_sum(float v) {
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    return v;
}

// One warp per token: the softmax, then topk times the largest probability that is left.
__global__ void route(float* weights, int32_t* indices, const float* gating, int64_t tokens, int experts, int topk,
                      int renormalize) {
    const int lane = threadIdx.x;
    const int64_t token = blockIdx.x;
    const float* row = gating + token * experts;

    float p[HELD];
    float top = -INFINITY;
    for (int j = 0; j < HELD; ++j) {
        const int expert = j * LANES + lane;
        p[j] = expert < experts ? row[expert] : -INFINITY;
        top = fmaxf(top, p[j]);
    }
    top = warp_max(top);
    float sum = 0.0f;
    for (int j = 0; j < HELD; ++j) sum += p[j] = expf(p[j] - top);
    sum = warp_sum(sum);
    for (int j = 0; j < HELD; ++j) p[j] = j * LANES + lane < experts ? p[j] / sum : -1.0f;

    float chosen = 0.0f, total = 0.0f;
    for (int r = 0; r < topk; ++r) {
        float best = -INFINITY;
        int winner = 0;
        for (int j = 0; j < HELD; ++j)
            if (p[j] > best) best = p[j], winner = j * LANES + lane;
        for (int offset = 16; offset > 0; offset /= 2) {
            const float other = __shfl_xor_sync(0xffffffffu, best, offset);
            const int its = __shfl_xor_sync(0xffffffffu, winner, offset);
            if (other > best || (other == best && its < winner)) best = other, winner = its;
        }
        if (lane == r) chosen = best, indices[token * topk + r] = winner;
        total += best;
    }
    if (lane < topk) weights[token * topk + lane] = renormalize ? chosen / total : chosen;
}

extern "C" cudaError_t launch_moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens,
                                               int experts, int topk, int renormalize, cudaStream_t stream) {
    route<<<static_cast<unsigned>(tokens), LANES, 0, stream>>>(weights, indices, gating, tokens, experts, topk, renormalize);
    return cudaGetLastError();
}
