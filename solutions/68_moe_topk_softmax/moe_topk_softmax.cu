// 68 MoE router: the topk largest logits of each token, their experts, and their softmax weights.
//
// gating is a (tokens, experts) fp32 matrix in device memory; weights and indices are (tokens, topk); all row-major.
//
// One warp per two tokens, with both rows in registers. exp is monotone, so the winners are found among the logits, in
// three steps:
//
//   bound  the topk-th largest of the 32 lanes' maxima. At least topk logits reach it, so every winner does.
//   list   those that reach it, in any order: with 256 experts and topk = 8, some nine
//   rank   of each of them: how many others come before it. The rank is the place in the output.
//
// Bound and sum take the whole warp for each token. A list is too short for 32 lanes, so from there on each half of the
// warp has a token of its own, and both are listed, ranked and written at once.

#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int HALF = WARP / 2;
constexpr int WARPS = 4;           // of a block; they share nothing, and a small block leaves its SM early
constexpr int BLOCKS_PER_SM = 8;   // at least: so the compiler keeps below 64 registers a thread
constexpr int TOKENS = 2;          // per warp, one for each half
constexpr int MAX_EXPERTS = 256;   // 8 per lane
constexpr int MAX_TOPK = 8;        // no more than lanes that have a logit: the bound needs topk of them
constexpr float LOG2_E = 1.44269504f;

// Unsigned integers in the order of the floats, as the warp has an instruction for the maximum of those. All bits of a
// negative float are flipped, of others only the sign. -0 + 0 is 0: as floats the two are equal, so they share a key.
__device__ unsigned key_of(float logit) {
    const unsigned bits = __float_as_uint(logit + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ float logit_of(unsigned key) {
    return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

// A candidate in 64 bits, the larger the earlier: first by logit, among equals by the lower id.
using Candidate = unsigned long long;
__device__ Candidate candidate(float logit, int expert) {
    return static_cast<Candidate>(key_of(logit)) << 32 | ~static_cast<unsigned>(expert);
}
__device__ float logit_of(Candidate c) { return logit_of(static_cast<unsigned>(c >> 32)); }
__device__ int expert_of(Candidate c) { return static_cast<int>(~static_cast<unsigned>(c)); }

#if __CUDA_ARCH__ >= 800
// One instruction instead of five shuffles and five comparisons.
__device__ unsigned warp_max(unsigned v) { return __reduce_max_sync(ALL_LANES, v); }
__device__ unsigned warp_min(unsigned v) { return __reduce_min_sync(ALL_LANES, v); }
#else
__device__ unsigned warp_max(unsigned v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v = max(v, __shfl_xor_sync(ALL_LANES, v, offset));
    return v;
}
__device__ unsigned warp_min(unsigned v) { return ~warp_max(~v); }
#endif

__device__ float half_sum(float v) {
    for (int offset = HALF / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// exp(logit - highest), of at most 0: nothing overflows. A multiply-add and one instruction of the special function
// unit, off by |x| * 2^-22: a hundredth of what is asked for. __expf also looks after results below 2^-126; .ftz makes
// them 0 and saves three instructions.
__device__ float exp_below(float logit, float highest) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(fmaf(logit, LOG2_E, -highest * LOG2_E)));
    return power;
}

// Which expert is item j of a lane. WIDE: four neighbours to a lane, for 16-byte loads.
template <bool WIDE>
__device__ int expert_at(int j, int lane) {
    return WIDE ? (j / 4 * WARP + lane) * 4 + j % 4 : j * WARP + lane;
}

// Behind the row stands -inf: it wins no maximum and adds 0 to the sum. If it gets into the list, it ranks behind the
// topk experts that are not masked.
template <int HELD, bool WIDE>
__device__ void load_row(float (&logit)[HELD], const float* row, int experts, int lane) {
    constexpr int STEP = WIDE ? 4 : 1;
#pragma unroll
    for (int j = 0; j < HELD; j += STEP) {  // neighbouring lanes, neighbouring addresses; all loads before a use
        const int expert = expert_at<WIDE>(j, lane);
        if constexpr (WIDE) {  // experts is a multiple of 4: all or none
            float4 pack = make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);
            if (expert < experts) pack = *reinterpret_cast<const float4*>(row + expert);
            logit[j] = pack.x, logit[j + 1] = pack.y, logit[j + 2] = pack.z, logit[j + 3] = pack.w;
        } else {
            logit[j] = expert < experts ? row[expert] : -INFINITY;
        }
    }
}

template <int HELD>
struct Token {
    alignas(16) unsigned reached[HELD];  // bit l of word j: item j of lane l reaches the bound
    uint8_t list[HELD * WARP];           // experts: a byte is enough for 256
    Candidate candidates[HELD * WARP], winners[MAX_TOPK];
};

// The winner that belongs to `place`, 0 … 15: a lane of the half warp that works on this token.
template <int HELD, bool WIDE>
__device__ Candidate winner_at(Token<HELD>& token, const float* row, int experts, int topk, int place) {
    unsigned word = place < HELD ? token.reached[place] : 0;  // lane j lists the experts of word j
    const int own = __popc(word);
    int end = own;  // of this lane's part of the list
#pragma unroll
    for (int offset = 1; offset < HELD; offset *= 2) {
        const int below = __shfl_up_sync(ALL_LANES, end, offset, HALF);
        if (place >= offset) end += below;
    }
    const int length = __shfl_sync(ALL_LANES, end, HELD - 1, HALF);
    for (int at = end - own; word; ++at, word &= word - 1)
        token.list[at] = static_cast<uint8_t>(expert_at<WIDE>(place, __ffs(word) - 1));
    __syncwarp();  // the list is complete before anyone takes an expert from it

#pragma unroll 1  // one turn, unless very many are equal: unrolled, it would be slower
    for (int i = place; i < length; i += HALF) {
        const int expert = token.list[i];  // registers cannot be indexed: the row once more, from the L1 cache
        token.candidates[i] = candidate(expert < experts ? row[expert] : -INFINITY, expert);
    }
    __syncwarp();  // all candidates are there before they are compared

#pragma unroll 1
    for (int i = place; i < length; i += HALF) {
        const Candidate one = token.candidates[i];
        int rank = 0;  // how many come before it; all lanes of the half read the same one at a time: no bank conflict
        for (int j = 0; j < length; ++j) rank += token.candidates[j] > one;
        if (rank < topk) token.winners[rank] = one;
    }
    __syncwarp();  // all winners are there before they are read
    return place < topk ? token.winners[place] : 0;
}

template <int HELD, bool WIDE>
__global__ void __launch_bounds__(WARPS * WARP, BLOCKS_PER_SM)
    moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens, int experts, int topk,
                     int renormalize) {
    __shared__ Token<HELD> all[WARPS][TOKENS];  // each warp has its own two: no barrier of the block
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int64_t first = (static_cast<int64_t>(blockIdx.x) * WARPS + warp) * TOKENS;
    if (first >= tokens) return;  // a whole warp leaves
    const float* row = gating + first * experts;
    const int next = first + 1 < tokens ? experts : 0;  // an odd last token is done twice, and written once

    float logit[TOKENS][HELD];
    load_row<HELD, WIDE>(logit[0], row, experts, lane);
    load_row<HELD, WIDE>(logit[1], row + next, experts, lane);

    unsigned key[TOKENS], bound[TOKENS], lowest[TOKENS];
    float highest[TOKENS];
#pragma unroll
    for (int t = 0; t < TOKENS; ++t) {
        float most = logit[t][0];
#pragma unroll
        for (int j = 1; j < HELD; ++j) most = fmaxf(most, logit[t][j]);
        key[t] = key_of(most);
        bound[t] = warp_max(key[t]);
        lowest[t] = warp_min(key[t]);
        highest[t] = logit_of(bound[t]);
    }

    // The sum over all experts is needed only if the winners are not to be divided by their own. Each half passes on
    // what it has of the other one's token; the rest is done for both at once.
    const int half = lane / HALF, place = lane % HALF;
    float divisor = 0.0f;
    if (!renormalize) {
        float sum[TOKENS] = {};
#pragma unroll
        for (int t = 0; t < TOKENS; ++t)
#pragma unroll
            for (int j = 0; j < HELD; ++j) sum[t] += exp_below(logit[t][j], highest[t]);
        const float own = half ? sum[1] : sum[0], other = half ? sum[0] : sum[1];
        divisor = half_sum(own + __shfl_xor_sync(ALL_LANES, other, HALF));
    }

    // A lane that had the maximum goes on with the lowest, which never is one again before all have had theirs. Equals
    // leave together: the bound is lower than need be then, and still one.
    for (int r = 1; r < topk; ++r) {
#pragma unroll
        for (int t = 0; t < TOKENS; ++t) {  // the tokens in turns: neither waits for the other's instruction
            if (key[t] == bound[t]) key[t] = lowest[t];
            bound[t] = warp_max(key[t]);
        }
    }

#pragma unroll
    for (int t = 0; t < TOKENS; ++t) {
        const float least = logit_of(bound[t]);
        unsigned votes[HELD];
#pragma unroll
        for (int j = 0; j < HELD; ++j) votes[j] = __ballot_sync(ALL_LANES, logit[t][j] >= least);
        if (lane == 0)
#pragma unroll
            for (int j = 0; j < HELD; ++j) all[warp][t].reached[j] = votes[j];
    }
    __syncwarp();  // the words are there before others read them

    Token<HELD>& mine = all[warp][half];  // from here on each half has its own token
    const Candidate winner = winner_at<HELD, WIDE>(mine, row + (half ? next : 0), experts, topk, place);
    const float power = place < topk ? exp_below(logit_of(winner), half ? highest[1] : highest[0]) : 0.0f;
    if (renormalize) divisor = half_sum(power);
    if (place < topk && first + half < tokens) {
        const int64_t to = (first + half) * topk + place;
        weights[to] = __fdividef(power, divisor);  // 2 ulp are good enough
        indices[to] = expert_of(winner);
    }
}

extern "C" cudaError_t launch_moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens,
                                               int experts, int topk, int renormalize, cudaStream_t stream) {
    if (tokens <= 0) return cudaSuccess;  // a grid of 0 blocks is an error
    if (experts < 1 || experts > MAX_EXPERTS || topk < 1 || topk > MAX_TOPK || topk > experts)
        return cudaErrorInvalidValue;

    // As few registers and as little shared memory as the row needs.
    const bool wide = experts % 4 == 0;  // then every row starts at a multiple of 16 bytes
    auto* kernel = experts <= 1 * WARP   ? moe_topk_softmax<1, false>
                   : experts <= 2 * WARP ? moe_topk_softmax<2, false>
                   : experts <= 4 * WARP ? (wide ? moe_topk_softmax<4, true> : moe_topk_softmax<4, false>)
                                         : (wide ? moe_topk_softmax<8, true> : moe_topk_softmax<8, false>);
    const int64_t per_block = WARPS * TOKENS;
    const unsigned grid = static_cast<unsigned>((tokens + per_block - 1) / per_block);
    kernel<<<grid, WARPS * WARP, 0, stream>>>(weights, indices, gating, tokens, experts, topk, renormalize);
    return cudaGetLastError();
}
