// expect: PASS
// expect(cuda): PASS | SLOW
// why: a bound, a list and ranks, one warp a token: the short list keeps nine of 32 lanes busy

// 68 MoE router: the topk largest logits of each token, their experts, and their softmax weights.
//
// gating is a (tokens, experts) fp32 matrix in device memory; weights and indices are (tokens, topk); all row-major.
//
// One warp per token; lane l holds the experts l, l + 32, l + 64, … in registers. exp is monotone, so the winners are
// found among the logits, in three steps:
//
//   bound  the topk-th largest of the 32 lanes' maxima. At least topk logits reach it, so every winner does.
//   list   those that reach it, in the order of their ids: with 256 experts and topk = 8, some nine
//   rank   of each of them: how many others come before it. The rank is the place in the output.

#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int WARPS = 4;          // tokens per block; warps share nothing, and a small block leaves its SM early
constexpr int MAX_EXPERTS = 256;  // 8 per lane
constexpr int MAX_TOPK = 8;       // no more than lanes that have a logit: the bound needs topk of them
constexpr unsigned NONE = 0;      // below the key of every logit, -inf included

struct Item {
    float logit;
    int32_t expert;
};

// Unsigned integers in the order of the floats, as the warp has an instruction for the maximum of those. All bits of a
// negative float are flipped, of others only the sign. -0 + 0 is 0: as floats the two are equal, so they share a key.
__device__ unsigned key_of(float logit) {
    const unsigned bits = __float_as_uint(logit + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ float logit_of(unsigned key) {
    return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

__device__ unsigned warp_max(unsigned v) {
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(ALL_LANES, v);  // one instruction instead of five shuffles and five comparisons
#else
    for (int offset = WARP / 2; offset > 0; offset /= 2) v = max(v, __shfl_xor_sync(ALL_LANES, v, offset));
    return v;
#endif
}

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// How many items of the list come before item i: larger ones, and of its equals those with a lower id, which stand
// before it. All lanes read the same item at a time: a broadcast, no bank conflict.
__device__ int rank_of(int i, const Item* list, int count) {
    const float logit = list[i].logit;
    int rank = 0;
    for (int j = 0; j < count; ++j) rank += j < i ? list[j].logit >= logit : list[j].logit > logit;
    return rank;
}

template <int HELD>
__global__ void __launch_bounds__(WARPS * WARP) moe_topk_softmax(float* weights, int32_t* indices, const float* gating,
                                                                 int64_t tokens, int experts, int topk,
                                                                 int renormalize) {
    __shared__ Item lists[WARPS][HELD * WARP], all_winners[WARPS][MAX_TOPK];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    Item *list = lists[warp], *winners = all_winners[warp];  // each warp has its own: no barrier of the block
    const int64_t token = static_cast<int64_t>(blockIdx.x) * WARPS + warp;
    if (token >= tokens) return;  // a whole warp leaves
    const float* row = gating + token * experts;

    float logit[HELD];
#pragma unroll
    for (int j = 0; j < HELD; ++j) {  // neighbouring lanes, neighbouring addresses; all loads before the first use
        const int expert = j * WARP + lane;
        logit[j] = expert < experts ? row[expert] : -INFINITY;
    }

    float most = logit[0];
#pragma unroll
    for (int j = 1; j < HELD; ++j) most = fmaxf(most, logit[j]);
    unsigned key = key_of(most), top = warp_max(key), bound = top;
    const float highest = logit_of(top);

    // The sum over all experts is needed only if the winners are not to be divided by their own.
    float sum = 0.0f;
    if (!renormalize) {
#pragma unroll
        for (int j = 0; j < HELD; ++j) sum += __expf(logit[j] - highest);  // behind the row: exp(-inf) adds 0
        sum = warp_sum(sum);
    }

    for (int r = 1; r < topk; ++r) {
        if (key == top) key = NONE;  // equals leave together: then the bound is lower than need be, and still one
        top = warp_max(key);
        if (top == NONE) break;      // no lane is left
        bound = top;
    }
    const float least = logit_of(bound);

    int count = 0;
#pragma unroll
    for (int j = 0; j < HELD; ++j) {
        const int expert = j * WARP + lane;
        const bool reaches = expert < experts && logit[j] >= least;
        const unsigned votes = __ballot_sync(ALL_LANES, reaches);
        if (reaches) list[count + __popc(votes & ((1u << lane) - 1))] = {logit[j], expert};  // lower lanes, lower ids
        count += __popc(votes);
    }
    __syncwarp();  // the list is complete before anyone looks for a rank

    for (int i = lane; i < count; i += WARP) {  // one turn, unless very many are equal
        const int rank = rank_of(i, list, count);
        if (rank < topk) winners[rank] = list[i];
    }
    __syncwarp();  // all winners are there before they are read

    // exp of at most 0: nothing overflows. __expf is off by |x| * 2^-22, a hundredth of what is asked for.
    const float mine = lane < topk ? __expf(winners[lane].logit - highest) : 0.0f;
    if (renormalize) sum = warp_sum(mine);
    if (lane < topk) {
        weights[token * topk + lane] = mine / sum;
        indices[token * topk + lane] = winners[lane].expert;
    }
}

extern "C" cudaError_t launch_moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens,
                                               int experts, int topk, int renormalize, cudaStream_t stream) {
    if (tokens <= 0) return cudaSuccess;  // a grid of 0 blocks is an error
    if (experts < 1 || experts > MAX_EXPERTS || topk < 1 || topk > MAX_TOPK || topk > experts)
        return cudaErrorInvalidValue;

    // As few registers and as little shared memory as the row needs.
    auto* kernel = experts <= 1 * WARP   ? moe_topk_softmax<1>
                   : experts <= 2 * WARP ? moe_topk_softmax<2>
                   : experts <= 4 * WARP ? moe_topk_softmax<4>
                                         : moe_topk_softmax<8>;
    const unsigned grid = static_cast<unsigned>((tokens + WARPS - 1) / WARPS);
    kernel<<<grid, WARPS * WARP, 0, stream>>>(weights, indices, gating, tokens, experts, topk, renormalize);
    return cudaGetLastError();
}
