// 16 Prefix sum: out[i] = x[0] + ... + x[i], or, if exclusive is not 0, out[i] = x[0] + ... + x[i - 1].
//
// x holds n 32-bit whole numbers in device memory, out n 64-bit ones; both 16-byte aligned; n is at most 2^30.
//
// One pass with decoupled look-back, by blocks that stay and have two tiles of x in hand. A block
//   1. draws a tile, loads it into shared memory and publishes its sum;
//   2. turns to the tile that it drew before: walks back over the tiles before that one, adding up sums, until it meets
//      a tile that has published the sum of everything up to itself;
//   3. publishes the same for that tile, and scans it into out.
// So x is read once and out is written once: 12 bytes an element. And most of what a block looks for in 2 was published
// while it did 1: it hardly waits.

#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 512;
constexpr int WARPS = THREADS / WARP;
constexpr int PAIRS = 8;                    // of elements, per thread and tile
constexpr int PER_WARP = WARP * PAIRS * 2;  // neighbours in x belong to one warp: it scans them without a barrier
constexpr int TILE = WARPS * PER_WARP;      // 8,192 elements, 32 KB
constexpr int BYTES = 2 * TILE * sizeof(int32_t);  // of shared memory: the two tiles in hand
constexpr int BLOCKS_PER_SM = 3;            // while one waits for memory, others move data; two fit on sm_80

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

__device__ void publish(Word* words, int64_t tile, Word word) {
    static_cast<volatile Word*>(words)[tile] = word;  // volatile: now, and whole
}

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
    int64_t mine = 0;                        // this lane's part
    for (int64_t at = tile - 1 - lane;; at -= WARP) {
        Word word;
        do {
            word = at >= 0 ? published[at] : pack(0, ALL);  // before the first tile there is nothing
        } while (__any_sync(ALL_LANES, state_of(word) == NOTHING));
        const unsigned complete = __ballot_sync(ALL_LANES, state_of(word) == ALL);
        const int last = complete ? __ffs(complete) - 1 : WARP - 1;  // beyond a complete sum nothing counts
        if (lane <= last) mine += value_of(word);
        if (complete) return warp_sum(mine);
    }
}

// ---------------------------------------------------------------- a tile

// The next tile, the same for all threads. Not blockIdx: blocks may start in any order. Who draws a ticket knows that
// all lower tiles are in the hands of blocks that publish before they wait: so the waiting ends.
__device__ int64_t draw(Word* next_tile) {
    __shared__ int64_t ticket;
    if (threadIdx.x == 0) ticket = static_cast<int64_t>(atomicAdd(next_tile, 1ull));
    __syncthreads();  // all read what thread 0 has drawn
    return ticket;
}

// Loads a tile into `held`, each warp its part, and publishes its sum. What is past the end of x counts as 0.
__device__ void load(const int32_t* x, int64_t n, int64_t tile, int32_t* held, int64_t* warp_total, Word* words) {
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int64_t first = tile * TILE + warp * PER_WARP;
    x += first;
    held += warp * PER_WARP;
    if (first + PER_WARP <= n) {
#pragma unroll
        for (int i = lane * 4; i < PER_WARP; i += WARP * 4)  // straight to shared memory, all of it under way at once
            __pipeline_memcpy_async(held + i, x + i, sizeof(int4));
        __pipeline_commit();
        __pipeline_wait_prior(0);
    } else {
        for (int i = lane; i < PER_WARP; i += WARP) held[i] = first + i < n ? x[i] : 0;
    }
    __syncwarp();  // a lane reads what others have copied; other warps do not, so no barrier

    int64_t total = 0;
#pragma unroll
    for (int i = lane * 4; i < PER_WARP; i += WARP * 4) {
        const int4 v = *reinterpret_cast<const int4*>(held + i);
        total += (static_cast<int64_t>(v.x) + v.y) + (static_cast<int64_t>(v.z) + v.w);
    }
    total = warp_sum(total);
    if (lane == 0) warp_total[warp] = total;
    __syncthreads();  // the first warp adds up what all have written
    if (warp == 0) {
        const int64_t sum = warp_sum(lane < WARPS ? warp_total[lane] : 0);
        if (lane == 0) publish(words, tile, pack(sum, OWN));
    }
}

// Scans a tile that `load` has put into `held`, and writes its part of out.
__device__ void scan(int64_t* out, int64_t n, int exclusive, int64_t tile, const int32_t* held,
                     const int64_t* warp_total, Word* words) {
    __shared__ int64_t tile_prefix;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    if (warp == 0) {
        const int64_t sum = warp_sum(lane < WARPS ? warp_total[lane] : 0);
        const int64_t prefix = look_back(words, tile, lane);
        if (lane == 0) {
            publish(words, tile, pack(prefix + sum, ALL));
            tile_prefix = prefix;
        }
    }
    __syncthreads();  // all wait for the prefix

    const int64_t first = tile * TILE + warp * PER_WARP;
    out += first;
    held += warp * PER_WARP;
    int64_t base = tile_prefix;
    for (int w = 0; w < warp; ++w) base += warp_total[w];
#pragma unroll 4
    for (int i = lane * 2; i < PER_WARP; i += WARP * 2) {
        const int2 v = *reinterpret_cast<const int2*>(held + i);
        const int64_t pair = static_cast<int64_t>(v.x) + v.y, scanned = warp_scan(pair, lane);
        const int64_t zero = base + scanned - pair, one = zero + v.x, two = one + v.y;
        base += __shfl_sync(ALL_LANES, scanned, WARP - 1);
        const longlong2 both = exclusive ? make_longlong2(zero, one) : make_longlong2(one, two);
        if (first + PER_WARP <= n) {
            *reinterpret_cast<longlong2*>(out + i) = both;
        } else {
            if (first + i < n) out[i] = both.x;
            if (first + i + 1 < n) out[i + 1] = both.y;
        }
    }
}

__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, int64_t tiles, Word* next_tile, Word* words) {
    extern __shared__ int4 shared[];  // two tiles: the one to scan, and the one that was loaded after it
    __shared__ int64_t warp_totals[2][WARPS];
    int32_t* held = reinterpret_cast<int32_t*>(shared);

    int64_t tile = draw(next_tile);
    if (tile >= tiles) return;
    load(x, n, tile, held, warp_totals[0], words);
    for (int slot = 0; tile < tiles; slot ^= 1) {
        // The next tile's sum is published before anybody is waited for: whoever comes after it need not wait either.
        const int64_t next = draw(next_tile);
        if (next < tiles) load(x, n, next, held + (slot ^ 1) * TILE, warp_totals[slot ^ 1], words);
        scan(out, n, exclusive, tile, held + slot * TILE, warp_totals[slot], words);
        tile = next;
    }
}

extern "C" cudaError_t launch_prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    const int64_t tiles = (n + TILE - 1) / TILE;
    const size_t needed = (1 + tiles) * sizeof(Word);  // 8 bytes for 8,192 elements
    if (needed > ws_bytes) return cudaErrorInvalidValue;
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    if (cudaError_t error = cudaFuncSetAttribute(prefix_sum, cudaFuncAttributeMaxDynamicSharedMemorySize, BYTES))
        return error;  // more than 48 KB must be asked for
    if (cudaError_t error = cudaMemsetAsync(ws, 0, needed, stream)) return error;
    Word* next_tile = static_cast<Word*>(ws);  // a counter that hands out tiles, then one word per tile
    // Should fewer blocks fit than are launched, the late ones find no tile left.
    const auto blocks = static_cast<unsigned>(std::min<int64_t>(tiles, int64_t{sms} * BLOCKS_PER_SM));
    prefix_sum<<<blocks, THREADS, BYTES, stream>>>(x, out, n, exclusive, tiles, next_tile, next_tile + 1);
    return cudaGetLastError();
}
