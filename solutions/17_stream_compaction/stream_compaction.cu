// 17 Stream compaction: out = the elements of x that are greater than threshold, in their order; count[0] = how many.
//
// x holds n floats in device memory, out has room for n; both start at multiples of 128 bytes; n is at most 2^30.
//
// One pass with decoupled look-back, as in exercise 16, over counts instead of sums, by blocks that have two tiles of x
// in hand. A block
//   1. draws a tile, loads it into shared memory, moves together what it keeps, and publishes how many that are;
//   2. turns to the tile that it drew before: walks back over the tiles before that one until it knows how many they
//      keep, and publishes the same for its own;
//   3. writes what that tile keeps behind those of the tiles before, whole lines at a time.
// Most of what a block looks for in 2 was published while it did 1: it hardly waits.

#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <algorithm>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 512;
constexpr int WARPS = THREADS / WARP;
constexpr int ITEMS = 16;                        // per thread and tile
constexpr int PER_WARP = WARP * ITEMS;           // a warp takes neighbours, 32 at a time: ranks are ballots
constexpr int TILE = WARPS * PER_WARP;           // 8,192 elements, 32 KB
constexpr int BYTES = 2 * TILE * sizeof(float);  // of shared memory: the two tiles in hand
constexpr int BLOCKS_PER_SM = 3;                 // while one waits for memory, others move data; two fit on sm_80

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

__device__ void publish(Word* words, int64_t tile, Word word) {
    static_cast<volatile Word*>(words)[tile] = word;  // volatile: now, and whole
}

// ---------------------------------------------------------------- a warp

__device__ int warp_sum(int v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// How many all tiles before `tile` keep, by one whole warp: 32 tiles at a time, the nearest one in lane 0.
__device__ int look_back(const Word* words, int64_t tile, int lane) {
    const volatile Word* published = words;  // volatile: read memory each time, not a register
    int mine = 0;                            // this lane's part
    for (int64_t at = tile - 1 - lane;; at -= WARP) {
        Word word;
        do {
            word = at >= 0 ? published[at] : pack(0, ALL);  // before the first tile there is nothing
        } while (__any_sync(ALL_LANES, state_of(word) == NOTHING));
        const unsigned complete = __ballot_sync(ALL_LANES, state_of(word) == ALL);
        const int last = complete ? __ffs(complete) - 1 : WARP - 1;  // beyond a complete count nothing counts
        if (lane <= last) mine += value_of(word);
        if (complete) return warp_sum(mine);
    }
}

// Moves the kept ones of a warp's part to its front, in order; returns how many.
__device__ int together(float* part, float threshold, int lane) {
    float v[ITEMS];
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) v[i] = part[i * WARP + lane];
    __syncwarp();  // all have read: from here on the part is written
    const unsigned lanes_below = (1u << lane) - 1;
    int kept = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) {
        const unsigned ballot = __ballot_sync(ALL_LANES, v[i] > threshold);
        if (v[i] > threshold) part[kept + __popc(ballot & lanes_below)] = v[i];
        kept += __popc(ballot);
    }
    return kept;
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

// Loads a tile into `held`, each warp its part, moves the kept ones together, and publishes how many the tile keeps.
__device__ void load(const float* x, float threshold, int64_t n, int64_t tile, float* held, int* warp_kept,
                     Word* words) {
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int64_t first = tile * TILE + warp * PER_WARP;
    x += first;
    held += warp * PER_WARP;
    if (first + PER_WARP <= n) {
#pragma unroll
        for (int i = lane * 4; i < PER_WARP; i += WARP * 4)  // straight to shared memory, all of it under way at once
            __pipeline_memcpy_async(held + i, x + i, sizeof(float4));
        __pipeline_commit();
        __pipeline_wait_prior(0);
    } else {
        const float never_kept = __int_as_float(0x7fffffff);  // NaN stands for what is past the end
        for (int i = lane; i < PER_WARP; i += WARP) held[i] = first + i < n ? x[i] : never_kept;
    }
    __syncwarp();  // a lane reads what others have copied; other warps do not, so no barrier

    const int kept = together(held, threshold, lane);
    if (lane == 0) warp_kept[warp] = kept;
    __syncthreads();  // the first warp adds up what all have written
    if (warp == 0) {
        const int sum = warp_sum(lane < WARPS ? warp_kept[lane] : 0);
        if (lane == 0) publish(words, tile, pack(sum, OWN));
    }
}

// Writes what `load` has left of a tile in `held` to its place in out.
__device__ void store(float* out, int32_t* count, int64_t tile, bool is_last, const float* held, const int* warp_kept,
                      Word* words) {
    __shared__ int tile_prefix;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    if (warp == 0) {
        const int sum = warp_sum(lane < WARPS ? warp_kept[lane] : 0);
        const int prefix = look_back(words, tile, lane);
        if (lane == 0) {
            publish(words, tile, pack(prefix + sum, ALL));
            tile_prefix = prefix;
            if (is_last) *count = prefix + sum;
        }
    }
    __syncthreads();  // all wait for the prefix

    int place = tile_prefix;
    for (int w = 0; w < warp; ++w) place += warp_kept[w];
    out += place;
    held += warp * PER_WARP;
    // A warp begins where a line of out does: it writes whole lines, except at the ends of its part.
#pragma unroll 4
    for (int i = lane - place % WARP; i < warp_kept[warp]; i += WARP)
        if (i >= 0) out[i] = held[i];
}

__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, int64_t tiles,
                      Word* next_tile, Word* words) {
    extern __shared__ float4 shared[];  // two tiles: the one to write, and the one that was loaded after it
    __shared__ int warp_kept[2][WARPS];
    float* held = reinterpret_cast<float*>(shared);

    int64_t tile = draw(next_tile);
    if (tile >= tiles) return;
    load(x, threshold, n, tile, held, warp_kept[0], words);
    for (int slot = 0; tile < tiles; slot ^= 1) {
        // The next tile's count is published before anybody is waited for: whoever comes after it need not wait either.
        const int64_t next = draw(next_tile);
        if (next < tiles) load(x, threshold, n, next, held + (slot ^ 1) * TILE, warp_kept[slot ^ 1], words);
        store(out, count, tile, tile + 1 == tiles, held + slot * TILE, warp_kept[slot], words);
        tile = next;
    }
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n,
                                                void* ws, size_t ws_bytes, cudaStream_t stream) {
    const int64_t tiles = (n + TILE - 1) / TILE;
    const size_t needed = (1 + tiles) * sizeof(Word);  // 8 bytes for 8,192 elements
    if (needed > ws_bytes) return cudaErrorInvalidValue;
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    if (cudaError_t error = cudaFuncSetAttribute(stream_compaction, cudaFuncAttributeMaxDynamicSharedMemorySize, BYTES))
        return error;  // more than 48 KB must be asked for
    if (cudaError_t error = cudaMemsetAsync(ws, 0, needed, stream)) return error;
    Word* next_tile = static_cast<Word*>(ws);  // a counter that hands out tiles, then one word per tile
    // Should fewer blocks fit than are launched, the late ones find no tile left.
    const auto blocks = static_cast<unsigned>(std::min<int64_t>(tiles, int64_t{sms} * BLOCKS_PER_SM));
    stream_compaction<<<blocks, THREADS, BYTES, stream>>>(x, threshold, out, count, n, tiles, next_tile, next_tile + 1);
    return cudaGetLastError();
}
