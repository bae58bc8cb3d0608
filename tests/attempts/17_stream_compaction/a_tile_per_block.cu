// expect: PASS
// expect(cuda): PASS | SLOW
// why: decoupled look-back, a tile to a block, which waits for the tiles before it with nothing else to do

// 17 Stream compaction: out = the elements of x that are greater than threshold, in their order; count[0] = how many.
//
// x holds n floats in device memory, out has room for n; n is at most 2^30.
//
// One pass with decoupled look-back, as in exercise 16, over counts instead of sums. A block
//   1. loads a tile of x, finds what it keeps with ballots, and publishes how many that are;
//   2. walks back over the tiles before it until it knows how many they keep, and publishes the same for its own tile;
//      meanwhile the kept elements move together in shared memory;
//   3. writes them behind those of the tiles before, whole lines at a time.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;
constexpr int BLOCKS_PER_SM = 4;         // 64 registers a thread; while one block looks back, others move data
constexpr int ITEMS = 32;                // loads in flight per thread: large tiles, and so few words to look at
constexpr int PER_WARP = WARP * ITEMS;   // a warp takes neighbours, 32 at a time: ranks are ballots, without a barrier
constexpr int TILE = WARPS * PER_WARP;   // 8,192 elements: 32 KB of shared memory
constexpr int WINDOWS = 2;               // of 32 tiles: read at once when looking back

// ---------------------------------------------------------------- what tiles tell each other

// A tile's word in ws holds a count and what it is the count of, in one: value * 4 + state. A 64-bit access is never
// torn, so whoever sees the state sees the count that belongs to it, and no fence is needed.
using Word = unsigned long long;
constexpr Word NOTHING = 0;  // not published yet: what cudaMemsetAsync leaves
constexpr Word OWN = 1;      // value = kept in this tile
constexpr Word ALL = 2;      // value = kept in this tile and all before it

__device__ Word pack(int value, Word state) { return static_cast<Word>(value) * 4 + state; }
__device__ Word state_of(Word word) { return word % 4; }
__device__ int value_of(Word word) { return static_cast<int>(word / 4); }

// ---------------------------------------------------------------- a warp

__device__ int warp_sum(int v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// How many all tiles before `tile` keep, by one whole warp: windows of 32 tiles, the nearest tile in lane 0. Several
// windows are read at once, as the way to L2 and back takes longer than anything else here.
__device__ int look_back(const Word* words, int64_t tile, int lane) {
    const volatile Word* published = words;  // volatile: read memory each time, not a register
    int mine = 0;                            // this lane's part
    for (int64_t nearest = tile - 1 - lane;; nearest -= WARP * WINDOWS) {
        Word word[WINDOWS];
#pragma unroll
        for (int k = 0; k < WINDOWS; ++k) {
            const int64_t at = nearest - k * WARP;
            word[k] = at >= 0 ? published[at] : pack(0, ALL);  // before the first tile there is nothing
        }
#pragma unroll
        for (int k = 0; k < WINDOWS; ++k) {
            const int64_t at = nearest - k * WARP;
            while (__any_sync(ALL_LANES, state_of(word[k]) == NOTHING))
                if (at >= 0) word[k] = published[at];
            const unsigned complete = __ballot_sync(ALL_LANES, state_of(word[k]) == ALL);
            const int last = complete ? __ffs(complete) - 1 : WARP - 1;  // beyond a complete count nothing counts
            if (lane <= last) mine += value_of(word[k]);
            if (complete) return warp_sum(mine);
        }
    }
}

// ---------------------------------------------------------------- a tile

// PARTIAL: the last tile, when it is not full; NaN stands for what is past the end, as it is never kept.
template <bool PARTIAL>
__device__ void compact_tile(const float* x, float threshold, float* out, int32_t* count, int64_t n, Word* words,
                             int64_t tile, float* together) {
    __shared__ int warp_kept[WARPS];
    __shared__ int tile_prefix;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int64_t first = tile * TILE + warp * PER_WARP + lane;

    float v[ITEMS];
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) {  // all loads under way before the first ballot
        const int64_t at = first + i * WARP;
        v[i] = !PARTIAL || at < n ? __ldcs(x + at) : __int_as_float(0x7fffffff);  // __ldcs: read once, leave L2 to out
    }

    int kept = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) kept += __popc(__ballot_sync(ALL_LANES, v[i] > threshold));
    if (lane == 0) warp_kept[warp] = kept;
    __syncthreads();  // the first warp adds up what all have written

    if (warp == 0) {
        const int sum = warp_sum(lane < WARPS ? warp_kept[lane] : 0);
        volatile Word* mine = words + tile;
        if (lane == 0 && tile > 0) *mine = pack(sum, OWN);  // before looking back: the next tiles need not wait for it
        const int prefix = look_back(words, tile, lane);
        if (lane == 0) {
            *mine = pack(prefix + sum, ALL);
            tile_prefix = prefix;
            if ((tile + 1) * TILE >= n) *count = prefix + sum;  // the last tile knows the total
        }
    }
    int place = 0, all_kept = 0;  // before this warp, and in the whole tile
    for (int w = 0; w < WARPS; ++w) {
        if (w < warp) place += warp_kept[w];
        all_kept += warp_kept[w];
    }
    const unsigned lanes_below = (1u << lane) - 1;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) {  // the ballots again: cheaper than 32 registers that keep them
        const unsigned ballot = __ballot_sync(ALL_LANES, v[i] > threshold);
        if (v[i] > threshold) together[place + __popc(ballot & lanes_below)] = v[i];
        place += __popc(ballot);
    }
    __syncthreads();  // all wait for the prefix, and for what other warps have moved together

    // A warp begins where a line of out does: it writes whole lines, except at the tile's ends.
    float* to = out + tile_prefix;
    for (int i = static_cast<int>(threadIdx.x) - tile_prefix % WARP; i < all_kept; i += THREADS)
        if (i >= 0) to[i] = together[i];
}

__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, Word* next_tile,
                      Word* words) {
    // Not blockIdx: blocks may start in any order. A ticket promises that all lower tiles are being worked on, so
    // waiting for them ends.
    __shared__ float together[TILE];  // what the tile keeps, in order
    __shared__ int64_t ticket;
    if (threadIdx.x == 0) ticket = static_cast<int64_t>(atomicAdd(next_tile, 1ull));
    __syncthreads();  // all read what thread 0 has drawn
    const int64_t tile = ticket;

    if ((tile + 1) * TILE <= n)
        compact_tile<false>(x, threshold, out, count, n, words, tile, together);
    else
        compact_tile<true>(x, threshold, out, count, n, words, tile, together);
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n,
                                                void* ws, size_t ws_bytes, cudaStream_t stream) {
    const int64_t tiles = (n + TILE - 1) / TILE;
    const size_t needed = (1 + tiles) * sizeof(Word);  // 8 bytes for 8,192 elements
    if (needed > ws_bytes) return cudaErrorInvalidValue;
    if (cudaError_t error = cudaMemsetAsync(ws, 0, needed, stream)) return error;
    Word* next_tile = static_cast<Word*>(ws);  // a counter that hands out tiles, then one word per tile
    stream_compaction<<<static_cast<unsigned>(tiles), THREADS, 0, stream>>>(x, threshold, out, count, n, next_tile,
                                                                            next_tile + 1);
    return cudaGetLastError();
}
