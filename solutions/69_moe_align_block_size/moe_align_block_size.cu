// 69 MoE align: the positions of topk_ids grouped by expert, each group padded to whole blocks.
//
// topk_ids is (numel), sorted_ids (sorted_capacity), expert_ids (ceil(sorted_capacity / block_size)); experts <= 1,024.
//
// A counting sort in two launches.
//   count_and_scan   Blocks count their share of the ids in shared memory and add that to one histogram in ws. The last
//                    block to finish turns the padded counts into first slots: an exclusive prefix sum.
//   scatter          A block sorts a tile of ids by expert in shared memory, reserves a run of slots for each expert
//                    with one atomic, and copies the runs out. Then all blocks together fill what no id takes.

#include <cuda_runtime.h>
#include <cstddef>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 512;  // half an SM's warps in two blocks: while one is at a barrier, the other moves
constexpr int WARPS = THREADS / WARP;
constexpr int ITEMS = 16;              // ids per thread of a tile: 16 loads in flight
constexpr int TILE = THREADS * ITEMS;  // 8,192 ids: with 256 experts, runs of 32 slots, a 128-byte line each
constexpr int SCATTER_BLOCKS_PER_SM = 2;  // 64 registers a thread
constexpr int COUNT_PACKS = 4;            // 16-byte loads in flight while counting
constexpr int COUNT_BLOCKS_PER_SM = 2;    // one wave of them; more would only add more histograms to the one in ws
constexpr int MAX_EXPERTS = 1024;

// What lies in ws. Everything is a slot or a count, so 32 bits do: numel and sorted_capacity are below 2^31.
struct Workspace {
    unsigned finished;               // blocks that have added their counts; cleared before each call
    int32_t count[MAX_EXPERTS];      // ids of each expert; cleared before each call
    int32_t first[MAX_EXPERTS + 1];  // first slot of each group; [experts] is the end of the last one
    int32_t next[MAX_EXPERTS];       // first slot of each group that no block has reserved yet
};

// ---------------------------------------------------------------- a block

// One number per expert in shared memory, with a gap after every 32. The experts of one token are often 32 apart, or a
// multiple of it (one in each group of experts): without gaps they would share a bank, where a warp's atomics queue.
struct PerExpert {
    int32_t number[MAX_EXPERTS + MAX_EXPERTS / WARP + 1];
    __device__ int32_t& operator[](int expert) { return number[expert + expert / WARP]; }
};

// values[0 ... n - 1] become the sums of all before them. All threads of the block call it.
__device__ void exclusive_scan(PerExpert& values, int n) {
    __shared__ int32_t warp_sum[WARPS];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    int32_t carry = 0;
    for (int start = 0; start < n; start += THREADS) {
        __syncthreads();  // values are written by others; warp_sum of the round before has been read
        const int at = start + threadIdx.x;
        const int32_t own = at < n ? values[at] : 0;
        int32_t sum = own;
        for (int offset = 1; offset < WARP; offset *= 2) {
            const int32_t below = __shfl_up_sync(ALL_LANES, sum, offset);
            if (lane >= offset) sum += below;
        }
        if (lane == WARP - 1) warp_sum[warp] = sum;
        __syncthreads();  // all warps need the sums of those before them
        int32_t before = carry;
        for (int w = 0; w < WARPS; ++w) {
            if (w < warp) before += warp_sum[w];
            carry += warp_sum[w];
        }
        if (at < n) values[at] = before + sum - own;
    }
    __syncthreads();  // whoever reads values next finds them summed
}

__device__ int32_t round_up(int32_t count, int block_size) { return (count + block_size - 1) / block_size * block_size; }

// ---------------------------------------------------------------- count

// The last block: first and next of every expert, and the total.
__device__ void scan(Workspace* ws, int experts, int block_size, int32_t* total) {
    __shared__ PerExpert slots;
    for (int e = threadIdx.x; e <= experts; e += THREADS)
        slots[e] = e < experts ? round_up(__ldcg(&ws->count[e]), block_size) : 0;  // from L2, where the atomics are
    exclusive_scan(slots, experts + 1);
    for (int e = threadIdx.x; e <= experts; e += THREADS) {
        ws->first[e] = slots[e];
        if (e < experts) ws->next[e] = slots[e];
    }
    if (threadIdx.x == 0) *total = slots[experts];
}

__global__ void __launch_bounds__(THREADS, COUNT_BLOCKS_PER_SM)
    count_and_scan(const int32_t* topk_ids, int64_t numel, int experts, int block_size, Workspace* ws, int32_t* total) {
    __shared__ PerExpert count;
    __shared__ bool last;
    for (int e = threadIdx.x; e < experts; e += THREADS) count[e] = 0;
    __syncthreads();  // all zero before anyone counts

    const int4* packs = reinterpret_cast<const int4*>(topk_ids);
    const int64_t step = int64_t{gridDim.x} * THREADS, thread = blockIdx.x * int64_t{THREADS} + threadIdx.x;
    const int64_t whole = numel / 4;
    int64_t i = thread;
    for (; i + (COUNT_PACKS - 1) * step < whole; i += COUNT_PACKS * step) {
        int4 expert[COUNT_PACKS];
#pragma unroll
        for (int k = 0; k < COUNT_PACKS; ++k) expert[k] = packs[i + k * step];  // all loads before the first atomic
#pragma unroll
        for (int k = 0; k < COUNT_PACKS; ++k) {
            atomicAdd(&count[expert[k].x], 1);
            atomicAdd(&count[expert[k].y], 1);
            atomicAdd(&count[expert[k].z], 1);
            atomicAdd(&count[expert[k].w], 1);
        }
    }
    for (i = i * 4; i < numel; i += 4 * step)  // the rest, up to four ids at a time
        for (int64_t k = i; k < i + 4 && k < numel; ++k) atomicAdd(&count[topk_ids[k]], 1);
    __syncthreads();  // all counted before the counts leave
    for (int e = threadIdx.x; e < experts; e += THREADS)
        if (count[e]) atomicAdd(&ws->count[e], count[e]);

    __threadfence();  // this thread's additions are visible before the block is said to be finished
    __syncthreads();  // those of all threads are
    if (threadIdx.x == 0) last = atomicAdd(&ws->finished, 1u) == gridDim.x - 1;
    __syncthreads();  // all learn whether this block is the last one
    if (!last) return;
    __threadfence();  // the other blocks' additions are seen from here on
    scan(ws, experts, block_size, total);
}

// ---------------------------------------------------------------- scatter

// One tile of up to TILE ids, from position `start` on. ws->next moves on by what the tile has of each expert.
__device__ void scatter_tile(const int32_t* topk_ids, int32_t* sorted_ids, int64_t start, int64_t numel, int experts,
                             Workspace* ws) {
    __shared__ PerExpert begin;           // counts, then where each expert's run begins in the tile
    __shared__ PerExpert shift;           // from a place in the tile to a slot of sorted_ids
    __shared__ uint32_t tile_at[TILE];    // the tile sorted by expert: expert * 2^16 + the id's place before
    const int size = static_cast<int>(numel - start < TILE ? numel - start : TILE);
    int32_t expert[ITEMS], rank[ITEMS];
#pragma unroll
    for (int k = 0; k < ITEMS; ++k) {  // on their way while the counters are cleared
        const int at = k * THREADS + threadIdx.x;
        expert[k] = at < size ? __ldcs(topk_ids + start + at) : -1;  // __ldcs: read for the last time
    }
    for (int e = threadIdx.x; e < experts; e += THREADS) begin[e] = 0;
    __syncthreads();  // all zero before anyone counts

#pragma unroll
    for (int k = 0; k < ITEMS; ++k)
        if (expert[k] >= 0) rank[k] = atomicAdd(&begin[expert[k]], 1);  // among the tile's ids of this expert
    __syncthreads();  // all counted

    // The tile's run of every expert gets its slots: one atomic for all of its ids.
    for (int e = threadIdx.x; e < experts; e += THREADS)
        shift[e] = begin[e] ? atomicAdd(&ws->next[e], begin[e]) : 0;
    exclusive_scan(begin, experts);
    for (int e = threadIdx.x; e < experts; e += THREADS) shift[e] -= begin[e];  // the same thread as above

#pragma unroll
    for (int k = 0; k < ITEMS; ++k)
        if (expert[k] >= 0)
            tile_at[begin[expert[k]] + rank[k]] = static_cast<uint32_t>(expert[k]) << 16 | (k * THREADS + threadIdx.x);
    __syncthreads();  // the tile is sorted, and shift is complete
    // Neighbouring threads hold neighbours of a run: they write neighbouring slots, whole lines at a time.
    for (int place = threadIdx.x; place < size; place += THREADS) {
        const uint32_t id = tile_at[place];
        sorted_ids[shift[id >> 16] + place] = static_cast<int32_t>(start + (id & 0xffff));
    }
}

// The slots that no id takes hold numel: each group's padding, one warp per group, and what is behind the last group.
__device__ void fill_padding(int32_t* sorted_ids, int32_t numel, int experts, int64_t capacity, const Workspace* ws) {
    const int64_t thread = blockIdx.x * int64_t{THREADS} + threadIdx.x, threads = int64_t{gridDim.x} * THREADS;
    for (int64_t e = thread / WARP; e < experts; e += threads / WARP)
        for (int32_t slot = ws->first[e] + ws->count[e] + threadIdx.x % WARP; slot < ws->first[e + 1]; slot += WARP)
            sorted_ids[slot] = numel;
    for (int64_t slot = ws->first[experts] + thread; slot < capacity; slot += threads) sorted_ids[slot] = numel;
}

// The block of slots b * block_size ... belongs to the last group that begins at or before it: a binary search.
__device__ void write_expert_ids(int32_t* expert_ids, int experts, int block_size, int64_t capacity,
                                 const Workspace* ws) {
    const int64_t blocks = (capacity + block_size - 1) / block_size, step = int64_t{gridDim.x} * THREADS;
    const int32_t total = ws->first[experts];
    for (int64_t b = blockIdx.x * int64_t{THREADS} + threadIdx.x; b < blocks; b += step) {
        const int64_t slot = b * block_size;
        int low = 0, high = experts;  // first[low] <= slot < first[high], if the slot is in a group at all
        while (slot < total && high - low > 1) {
            const int middle = (low + high) / 2;
            (ws->first[middle] <= slot ? low : high) = middle;
        }
        expert_ids[b] = slot < total ? low : -1;
    }
}

__global__ void __launch_bounds__(THREADS, SCATTER_BLOCKS_PER_SM)
    scatter(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids, int64_t numel, int experts,
            int block_size, int64_t capacity, Workspace* ws) {
    scatter_tile(topk_ids, sorted_ids, blockIdx.x * int64_t{TILE}, numel, experts, ws);
    fill_padding(sorted_ids, static_cast<int32_t>(numel), experts, capacity, ws);
    write_expert_ids(expert_ids, experts, block_size, capacity, ws);
}

// ---------------------------------------------------------------- launcher

extern "C" cudaError_t launch_moe_align_block_size(const int32_t* topk_ids, int32_t* sorted_ids, int32_t* expert_ids,
                                                   int32_t* num_tokens_post_pad, int64_t numel, int experts,
                                                   int block_size, int64_t sorted_capacity, void* ws, size_t ws_bytes,
                                                   cudaStream_t stream) {
    if (experts > MAX_EXPERTS || ws_bytes < sizeof(Workspace)) return cudaErrorInvalidValue;
    Workspace* space = static_cast<Workspace*>(ws);
    if (cudaError_t error = cudaMemsetAsync(space, 0, offsetof(Workspace, first), stream)) return error;
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    const int64_t wanted = (numel + COUNT_PACKS * 4 * THREADS - 1) / (COUNT_PACKS * 4 * THREADS);
    const int64_t resident = int64_t{sms} * COUNT_BLOCKS_PER_SM;
    const unsigned blocks = static_cast<unsigned>(wanted < resident ? wanted : resident);
    count_and_scan<<<blocks, THREADS, 0, stream>>>(topk_ids, numel, experts, block_size, space, num_tokens_post_pad);
    const unsigned tiles = static_cast<unsigned>((numel + TILE - 1) / TILE);
    scatter<<<tiles, THREADS, 0, stream>>>(topk_ids, sorted_ids, expert_ids, numel, experts, block_size,
                                           sorted_capacity, space);
    return cudaGetLastError();
}
