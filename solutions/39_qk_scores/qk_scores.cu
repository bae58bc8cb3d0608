// 39 Scores: logits[s, t] = scale * (q[s, :] · k[s, t, :]) for t < seq_lens[s], and -inf for the other t.
//
// q is (num_seqs, head_dim), k is (num_seqs, max_len, head_dim), logits is (num_seqs, max_len), all fp32 and row-major;
// seq_lens is (num_seqs) int32, each from 1 to max_len. head_dim is a multiple of 8, at most 128.
//
// One block per sequence and tile of keys. Eight lanes share a key, and hold their part of the query in registers.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kThreads = 256;
constexpr int kBlocks = 4;                  // per SM, so 64 registers a thread: room for all packs under way
constexpr int kTile = kThreads;             // keys per block: one thread each where there is only -inf to write
constexpr int kPack = 4;                    // floats in a 16-byte load
constexpr int kLanes = 8;                   // per key: 8 * 16 bytes are a full cache line
constexpr int kGroups = kThreads / kLanes;  // keys the block takes at once
constexpr int kUnroll = 2;                  // keys per group under way: with head_dim 128, 8 loads in flight per thread
constexpr int kMaxHeadDim = 128;

__device__ float dot(const float4& a, const float4& b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

// Sum over the lanes of a group, for each of them. All 32 lanes of the warp take part.
__device__ float group_sum(float v) {
#pragma unroll
    for (int offset = kLanes / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kAllLanes, v, offset);
    return v;
}

// PACKS: of four floats, per lane; head_dim is at most PACKS * kLanes * kPack.
template <int PACKS>
__global__ void __launch_bounds__(kThreads, kBlocks)
    qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits, int max_len, int head_dim,
              float scale) {
    const int seq = blockIdx.x, first = blockIdx.y * kTile;
    const int length = seq_lens[seq];
    const int lane = threadIdx.x % kLanes, group = threadIdx.x / kLanes;
    const int packs = head_dim / kPack;  // of a key
    logits += int64_t(seq) * max_len;
    const float4* keys = reinterpret_cast<const float4*>(k) + int64_t(seq) * max_len * packs;
    const float4* query = reinterpret_cast<const float4*>(q) + int64_t(seq) * packs;

    // Keys beyond the sequence are not read: what lies there is undefined.
    const int beyond = first + threadIdx.x;
    if (beyond >= length && beyond < max_len) logits[beyond] = -INFINITY;

    const int keys_here = min(length - first, kTile);  // the same for the whole block; not positive if there are none
    if (keys_here <= 0) return;

    float4 mine[PACKS];  // this lane's part of the query, scaled once instead of once per key
#pragma unroll
    for (int p = 0; p < PACKS; ++p) {
        const int pack = p * kLanes + lane;
        mine[p] = pack < packs ? query[pack] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        mine[p].x *= scale, mine[p].y *= scale, mine[p].z *= scale, mine[p].w *= scale;
    }

    // The bound is the block's, not the group's: no lane may miss a shuffle.
    for (int base = 0; base < keys_here; base += kGroups * kUnroll) {
        float4 v[kUnroll][PACKS];
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) {
#pragma unroll
            for (int p = 0; p < PACKS; ++p) {  // all loads before the first use: they wait for memory together
                const int key = base + u * kGroups + group, pack = p * kLanes + lane;
                // __ldcs: a key is read once, so it need not stay in the caches.
                v[u][p] = key < keys_here && pack < packs ? __ldcs(keys + int64_t(first + key) * packs + pack)
                                                          : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            }
        }
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) {
            float sum = 0.0f;
#pragma unroll
            for (int p = 0; p < PACKS; ++p) sum += dot(mine[p], v[u][p]);
            sum = group_sum(sum);
            const int key = base + u * kGroups + group;
            if (lane == 0 && key < keys_here) logits[first + key] = sum;
        }
    }
}

extern "C" cudaError_t launch_qk_scores(const float* q, const float* k, const int32_t* seq_lens, float* logits,
                                        int num_seqs, int max_len, int head_dim, float scale, cudaStream_t stream) {
    if (head_dim % 8 != 0 || head_dim > kMaxHeadDim) return cudaErrorInvalidValue;
    const dim3 grid(num_seqs, (max_len + kTile - 1) / kTile);
    const auto launch = [&](auto kernel) {
        kernel<<<grid, kThreads, 0, stream>>>(q, k, seq_lens, logits, max_len, head_dim, scale);
    };
    // Registers are numbered at compile time, so the number of packs has to be known there.
    switch ((head_dim + kLanes * kPack - 1) / (kLanes * kPack)) {
        case 1: launch(qk_scores<1>); break;
        case 2: launch(qk_scores<2>); break;
        case 3: launch(qk_scores<3>); break;
        default: launch(qk_scores<4>); break;
    }
    return cudaGetLastError();
}
