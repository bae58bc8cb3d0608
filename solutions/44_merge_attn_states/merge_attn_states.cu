// 44 Merge two attention states: out = (exp(prefix_lse) * prefix + exp(suffix_lse) * suffix) / exp(out_lse),
// out_lse = log(exp(prefix_lse) + exp(suffix_lse)), for each token and head.
//
// prefix, suffix, out are (tokens, heads, head_size) bf16; prefix_lse, suffix_lse, out_lse are (heads, tokens) fp32.
// All row-major. head_size is a multiple of 8, at most 256. An infinite lse, of either sign, says: this side is empty.
//
// A row is the head_size elements of one token and head. A group of lanes shares it, 16 bytes each.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int kThreads = 256;
constexpr int kBlocks = 5;     // per SM at least: 48 registers a thread
constexpr int kPack = 8;       // bf16 in a 16-byte load
constexpr int kUnroll = 2;     // rows per group under way: 64 bytes of states in flight per thread
constexpr int kMaxHeadSize = 256;

// What becomes of the two sides of a row.
struct Weights {
    float prefix, suffix, lse;
};

__device__ Weights weigh(float p, float s) {
    // +inf is an empty side too: that is what FlashAttention writes for a query without keys.
    if (isinf(p)) p = -INFINITY;
    if (isinf(s)) s = -INFINITY;
    const float top = fmaxf(p, s);
    if (top == -INFINITY) return {1.0f, 0.0f, top};  // both are: p - top would be NaN
    const float a = expf(p - top), b = expf(s - top), sum = a + b;  // sum is from 1 to 2
    return {a / sum, b / sum, top + logf(sum)};
}

__device__ uint4 mix(const uint4& prefix, const uint4& suffix, const Weights& w) {
    uint4 mixed;
    const __nv_bfloat162* p = reinterpret_cast<const __nv_bfloat162*>(&prefix);
    const __nv_bfloat162* s = reinterpret_cast<const __nv_bfloat162*>(&suffix);
    __nv_bfloat162* m = reinterpret_cast<__nv_bfloat162*>(&mixed);
#pragma unroll
    for (int n = 0; n < kPack / 2; ++n) {
        const float2 a = __bfloat1622float2(p[n]), b = __bfloat1622float2(s[n]);
        // fp32 until here, and one rounding
        m[n] = __floats2bfloat162_rn(w.prefix * a.x + w.suffix * b.x, w.prefix * a.y + w.suffix * b.y);
    }
    return mixed;
}

// LANES: of a group; at least head_size / 8.
template <int LANES>
__global__ void __launch_bounds__(kThreads, kBlocks)
    merge(uint4* out, float* out_lse, const uint4* prefix, const float* prefix_lse, const uint4* suffix,
          const float* suffix_lse, unsigned tokens, unsigned heads, unsigned packs) {
    constexpr unsigned GROUPS = kThreads / LANES;
    const unsigned lane = threadIdx.x % LANES, group = threadIdx.x / LANES;
    const unsigned rows = tokens * heads, first = blockIdx.x * GROUPS * kUnroll + group;
    if (lane >= packs) return;  // no barrier, no shuffle: lanes without a pack may leave

    uint4 p[kUnroll], s[kUnroll];
    float p_lse[kUnroll], s_lse[kUnroll];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {  // all loads before the first use: they wait for memory together
        const unsigned row = first + u * GROUPS;
        if (row >= rows) break;
        const unsigned place = row % heads * tokens + row / heads;  // in the lse: heads come first there
        p_lse[u] = prefix_lse[place];
        s_lse[u] = suffix_lse[place];
        const int64_t pack = int64_t(row) * packs + lane;
        p[u] = prefix[pack];  // read once, but plain, and so are the stores: __ldcs and __stcs cost 12 % (H200)
        s[u] = suffix[pack];
    }
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
        const unsigned row = first + u * GROUPS;
        if (row >= rows) break;
        const Weights w = weigh(p_lse[u], s_lse[u]);  // each lane for itself: cheaper than handing them round
        out[int64_t(row) * packs + lane] = mix(p[u], s[u], w);
        if (lane == 0) out_lse[row % heads * tokens + row / heads] = w.lse;
    }
}

extern "C" cudaError_t launch_merge_attn_states(__nv_bfloat16* out, float* out_lse, const __nv_bfloat16* prefix,
                                                const float* prefix_lse, const __nv_bfloat16* suffix,
                                                const float* suffix_lse, int tokens, int heads, int head_size,
                                                cudaStream_t stream) {
    if (head_size % kPack != 0 || head_size > kMaxHeadSize) return cudaErrorInvalidValue;
    const int packs = head_size / kPack;
    const auto launch = [&](auto kernel, int lanes) {
        const int64_t rows = int64_t(tokens) * heads, per_block = kThreads / lanes * kUnroll;
        kernel<<<unsigned((rows + per_block - 1) / per_block), kThreads, 0, stream>>>(
            reinterpret_cast<uint4*>(out), out_lse, reinterpret_cast<const uint4*>(prefix), prefix_lse,
            reinterpret_cast<const uint4*>(suffix), suffix_lse, tokens, heads, packs);
    };
    // A power of two, so that groups do not straddle warps, and no larger than it must be: lanes beyond packs idle.
    if (packs <= 4) launch(merge<4>, 4);
    else if (packs <= 8) launch(merge<8>, 8);
    else if (packs <= 16) launch(merge<16>, 16);
    else launch(merge<32>, 32);
    return cudaGetLastError();
}
