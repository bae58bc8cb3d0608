// 56 Gumbel-max sampling: token[s] = argmax over v of logits[s, v] / temperature[s] - log(-log(u[s, v])).
//
// logits, u are (num_seqs, vocab) fp32 matrices in device memory, row-major; temperature and token hold one per row.
//
// One block per row. Two good logarithms are many instructions for the 8 bytes of an element, so most elements get
// a cheap upper bound of their score instead: -log(u) >= 1 - u, hence
//
//   score = x / T - log(-log(u))  <=  x / T - log(1 - u)
//
// The bound is tight where u is close to 1, and those are the elements that win. Only where it beats the best score
// that the warp has met is the score itself computed.

#include <cuda_runtime.h>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 512;           // two blocks share an SM: 256 rows are all under way at once
constexpr int WARPS = THREADS / WARP;
constexpr int PACKS = 4;               // of logits and of u: eight 16-byte loads in flight per thread
constexpr int TILE = THREADS * PACKS;  // float4s of each that the block takes in one step

// The best pair seen so far. One rule everywhere: larger score, then lower token, in whatever order they come.
struct Best {
    float score;
    int32_t token;

    __device__ void take(float s, int32_t v) {
        if (s > score || (s == score && v < token)) score = s, token = v;
    }
};

// Where every thread starts: whatever comes is better.
__device__ Best nothing() { return {-INFINITY, INT_MAX}; }

__device__ Best warp_best(Best mine) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        const float score = __shfl_xor_sync(ALL_LANES, mine.score, offset);
        const int32_t token = __shfl_xor_sync(ALL_LANES, mine.token, offset);
        mine.take(score, token);
    }
    return mine;
}

__device__ float warp_max(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, offset));
    return v;
}

// What the temperature makes of a logit. Temperature 0 means greedy: the logit itself, no noise, no division.
struct Row {
    bool greedy;
    float inverse;  // 1 / temperature

    __device__ explicit Row(float temperature) : greedy(temperature == 0.0f), inverse(1.0f / temperature) {}

    // logf, not __logf: close to u = 1 the logarithm is tiny, and the fast one has no correct digit left.
    __device__ float score(float x, float u) const { return greedy ? x : x * inverse - logf(-logf(u)); }

    // __logf is good enough here: 1 - u is exact for u >= 0.5, and is tiny where it matters, not close to 1.
    __device__ float at_most(float x, float u) const { return greedy ? x : x * inverse - __logf(1.0f - u); }

    __device__ float at_most(const float4& x, const float4& u) const {
        return fmaxf(fmaxf(at_most(x.x, u.x), at_most(x.y, u.y)), fmaxf(at_most(x.z, u.z), at_most(x.w, u.w)));
    }
};

// A bound has to beat this to be worth a look: the best score, less what rounding may do to bound and score.
__device__ float bar_of(float score) { return score - (1e-4f + 1e-6f * fabsf(score)); }

// The best of the `threadIdx.x`-th share of a row.
__device__ Best scan(const Row& row, const float* logits, const float* u, int32_t vocab) {
    Best best = nothing();
    // Both arrays start at a multiple of 16 bytes, so a row starts at the same distance from one in both.
    const int32_t misplaced = reinterpret_cast<uintptr_t>(logits) % sizeof(float4) / sizeof(float);
    const int32_t head = min((4 - misplaced) % 4, vocab);
    const int32_t count = (vocab - head) / 4;
    const float4* x_packs = reinterpret_cast<const float4*>(logits + head);
    const float4* u_packs = reinterpret_cast<const float4*>(u + head);

    // At most three elements before the float4s and three behind them.
    if (threadIdx.x < head) best.take(row.score(logits[threadIdx.x], u[threadIdx.x]), threadIdx.x);
    const int32_t tail = head + 4 * count + threadIdx.x;
    if (tail < vocab) best.take(row.score(logits[tail], u[tail]), tail);

    float bar = -INFINITY;
    for (int32_t step = 0; step < count; step += TILE) {  // the whole block makes every step: warps vote in it
        float4 x[PACKS], noise[PACKS];
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {  // all loads first: they wait for memory together
            const int32_t p = step + i * THREADS + threadIdx.x;
            x[i] = p < count ? x_packs[p] : make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);  // beats no bar
            noise[i] = p < count ? u_packs[p] : make_float4(0.5f, 0.5f, 0.5f, 0.5f);
        }
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const bool worth = row.at_most(x[i], noise[i]) > bar;
            if (__any_sync(ALL_LANES, worth)) {  // the same answer in all lanes, so they reduce together below
                if (worth) {
                    const int32_t v = head + 4 * (step + i * THREADS + threadIdx.x);
                    best.take(row.score(x[i].x, noise[i].x), v);
                    best.take(row.score(x[i].y, noise[i].y), v + 1);
                    best.take(row.score(x[i].z, noise[i].z), v + 2);
                    best.take(row.score(x[i].w, noise[i].w), v + 3);
                }
                bar = bar_of(warp_max(best.score));  // one bar for the warp: it rises soon, and then hardly ever
            }
        }
    }
    return best;
}

__global__ void __launch_bounds__(THREADS, 2) gumbel_sampling(const float* logits, const float* temperature,
                                                              const float* u, int32_t* token, int32_t vocab) {
    __shared__ Best of_warp[WARPS];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int64_t start = static_cast<int64_t>(blockIdx.x) * vocab;

    Best best = warp_best(scan(Row(temperature[blockIdx.x]), logits + start, u + start, vocab));
    if (lane == 0) of_warp[warp] = best;
    __syncthreads();  // the first warp reads what the others have written
    if (warp == 0) {
        best = warp_best(lane < WARPS ? of_warp[lane] : nothing());
        if (lane == 0) token[blockIdx.x] = best.token;
    }
}

extern "C" cudaError_t launch_gumbel_sampling(const float* logits, const float* temperature, const float* u,
                                              int32_t* token, int num_seqs, int64_t vocab, cudaStream_t stream) {
    if (num_seqs <= 0 || vocab <= 0) return cudaSuccess;           // a grid of 0 blocks is an error
    if (vocab > INT_MAX - 4 * TILE) return cudaErrorInvalidValue;  // a token is an int32_t
    gumbel_sampling<<<static_cast<unsigned>(num_seqs), THREADS, 0, stream>>>(logits, temperature, u, token,
                                                                            static_cast<int32_t>(vocab));
    return cudaGetLastError();
}
