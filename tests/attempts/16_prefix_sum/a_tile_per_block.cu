// expect: PASS
// expect(cuda): PASS | SLOW
// why: decoupled look-back, a tile to a block, which waits for the tiles before it with nothing else to do

// 16 Prefix sum: out[i] = x[0] + ... + x[i], or, if exclusive is not 0, out[i] = x[0] + ... + x[i - 1].
//
// x holds n 32-bit whole numbers in device memory, out n 64-bit ones; both 16-byte aligned; n is at most 2^30.
//
// One pass with decoupled look-back. x is cut into tiles, one per block. A block
//   1. loads its tile, scans it in registers and publishes the tile's sum;
//   2. walks back over the tiles before it, adding up sums, until it meets a tile that has published the sum of
//      everything up to itself;
//   3. publishes the same for its own tile, and writes its part of out.
// So x is read once and out is written once: 12 bytes an element.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;
constexpr int BLOCKS_PER_SM = 4;            // 64 registers a thread; while one block looks back, others move data
constexpr int PAIRS = 8;                    // int2 loads in flight per thread
constexpr int PER_WARP = WARP * PAIRS * 2;  // neighbours in x belong to one warp: it scans them without a barrier
constexpr int TILE = WARPS * PER_WARP;      // 4,096 elements

// ---------------------------------------------------------------- what tiles tell each other

// A tile's word in ws holds a sum and what it is the sum of, in one: value * 4 + state. A 64-bit access is never torn,
// so whoever sees the state sees the sum that belongs to it, and no fence is needed. |value| < 2^61, as n <= 2^30.
using Word = unsigned long long;
constexpr Word NOTHING = 0;  // not published yet: what cudaMemsetAsync leaves
constexpr Word OWN = 1;      // value = the sum of this tile
constexpr Word ALL = 2;      // value = the sum of this tile and all before it

__device__ Word pack(int64_t value, Word state) { return static_cast<Word>(value) * 4 + state; }
__device__ Word state_of(Word word) { return word % 4; }
__device__ int64_t value_of(Word word) { return static_cast<int64_t>(word) >> 2; }

// ---------------------------------------------------------------- a warp

__device__ int64_t warp_sum(int64_t v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// The sum of this lane's and all lower lanes' v.
__device__ int64_t warp_scan(int64_t v, int lane) {
    for (int offset = 1; offset < WARP; offset *= 2) {
        const int64_t below = __shfl_up_sync(ALL_LANES, v, offset);
        if (lane >= offset) v += below;
    }
    return v;
}

// The sum of all tiles before `tile`, by one whole warp: 32 tiles at a time, the nearest one in lane 0.
__device__ int64_t look_back(const Word* words, int64_t tile, int lane) {
    const volatile Word* published = words;  // volatile: read memory each time, not a register
    int64_t sum = 0;
    for (int64_t nearest = tile - 1;; nearest -= WARP) {
        const int64_t at = nearest - lane;
        Word word;
        do {
            word = at >= 0 ? published[at] : pack(0, ALL);  // before the first tile there is nothing
        } while (__any_sync(ALL_LANES, state_of(word) == NOTHING));
        const unsigned complete = __ballot_sync(ALL_LANES, state_of(word) == ALL);
        const int last = complete ? __ffs(complete) - 1 : WARP - 1;  // beyond a complete sum nothing counts
        sum += warp_sum(lane <= last ? value_of(word) : 0);
        if (complete) return sum;
    }
}

// ---------------------------------------------------------------- a tile

// PARTIAL: the last tile, when it is not full; every element is guarded, and those past the end count as 0.
template <bool PARTIAL>
__device__ int2 load_pair(const int32_t* x, int at, int count) {
    if (!PARTIAL) return *reinterpret_cast<const int2*>(x + at);
    return make_int2(at < count ? x[at] : 0, at + 1 < count ? x[at + 1] : 0);
}

template <bool PARTIAL>
__device__ void store_pair(int64_t* out, int at, int count, int64_t first, int64_t second) {
    if (!PARTIAL) {
        __stcs(reinterpret_cast<longlong2*>(out + at), make_longlong2(first, second));  // not read again: leave L2
    } else {
        if (at < count) out[at] = first;
        if (at + 1 < count) out[at + 1] = second;
    }
}

// x and out are those of the tile, which has `count` elements.
template <bool PARTIAL>
__device__ void scan_tile(const int32_t* x, int64_t* out, int count, int exclusive, Word* words, int64_t tile) {
    __shared__ int64_t warp_total[WARPS];
    __shared__ int64_t tile_prefix;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int first = warp * PER_WARP + lane * 2;

    int2 v[PAIRS];
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) v[i] = load_pair<PARTIAL>(x, first + i * WARP * 2, count);  // all loads under way

    // before[i] = the sum of this warp's elements before pair i of this lane.
    int64_t before[PAIRS], total = 0;
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        const int64_t pair = static_cast<int64_t>(v[i].x) + v[i].y;
        const int64_t scanned = warp_scan(pair, lane);
        before[i] = total + scanned - pair;
        total += __shfl_sync(ALL_LANES, scanned, WARP - 1);
    }
    if (lane == 0) warp_total[warp] = total;
    __syncthreads();  // the first warp adds up what all have written

    if (warp == 0) {
        const int64_t sum = warp_sum(lane < WARPS ? warp_total[lane] : 0);
        volatile Word* mine = words + tile;
        if (lane == 0 && tile > 0) *mine = pack(sum, OWN);  // before looking back: the next tiles need not wait for it
        const int64_t prefix = look_back(words, tile, lane);
        if (lane == 0) {
            *mine = pack(prefix + sum, ALL);
            tile_prefix = prefix;
        }
    }
    __syncthreads();  // all wait for the prefix

    int64_t base = tile_prefix;
    for (int w = 0; w < warp; ++w) base += warp_total[w];
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        const int64_t zero = base + before[i], one = zero + v[i].x, two = one + v[i].y;
        store_pair<PARTIAL>(out, first + i * WARP * 2, count, exclusive ? zero : one, exclusive ? one : two);
    }
}

__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, Word* next_tile, Word* words) {
    // Not blockIdx: blocks may start in any order. A ticket promises that all lower tiles are being worked on, so
    // waiting for them ends.
    __shared__ int64_t ticket;
    if (threadIdx.x == 0) ticket = static_cast<int64_t>(atomicAdd(next_tile, 1ull));
    __syncthreads();  // all read what thread 0 has drawn
    const int64_t tile = ticket;

    const int64_t start = tile * TILE;
    const int count = static_cast<int>(n - start < TILE ? n - start : TILE);
    if (count == TILE)
        scan_tile<false>(x + start, out + start, count, exclusive, words, tile);
    else
        scan_tile<true>(x + start, out + start, count, exclusive, words, tile);
}

extern "C" cudaError_t launch_prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    const int64_t tiles = (n + TILE - 1) / TILE;
    const size_t needed = (1 + tiles) * sizeof(Word);  // 8 bytes for 4,096 elements
    if (needed > ws_bytes) return cudaErrorInvalidValue;
    if (cudaError_t error = cudaMemsetAsync(ws, 0, needed, stream)) return error;
    Word* next_tile = static_cast<Word*>(ws);  // a counter that hands out tiles, then one word per tile
    prefix_sum<<<static_cast<unsigned>(tiles), THREADS, 0, stream>>>(x, out, n, exclusive, next_tile, next_tile + 1);
    return cudaGetLastError();
}
