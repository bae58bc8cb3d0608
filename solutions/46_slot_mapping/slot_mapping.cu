// 46 Slot mapping: where in the paged KV cache each token of a batch belongs; -1 behind the last token.
//
//   query_start_loc  (num_reqs + 1)                   int32: request r has tokens query_start_loc[r] … [r + 1] - 1
//   positions        (num_tokens)                     int64, below 2^31
//   block_table      (num_reqs, block_table_stride)   int32
//   slot_mapping     (max_tokens)                     int64
//
// Work is divided by tokens, not by requests: every block takes a tile of neighbouring tokens, whether they belong to
// one long prompt or to a thousand requests of one token. The block searches the request of its first token together;
// from there each thread has only a few steps to its own.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 256;
constexpr int BLOCKS_PER_SM = 8;  // all 2,048 thread slots: 32 registers a thread. Most of a block's life is waiting
constexpr int PAIRS = 2;          // 16-byte loads in flight per thread
constexpr unsigned TILE = THREADS * PAIRS * 2;  // 1,024 tokens
constexpr int64_t PADDING = -1;   // "do not store": the cache kernels skip it

// Tokens are unsigned: the last tile may end above 2^31.

// ------------------------------------------------- position / block_size

// The GPU has no divider; a division by a number that the compiler does not know is twenty instructions, for each
// token. A multiplication by multiplier / 2^(31 + shift), a little more than 1 / size, is three. For positions below
// 2^31 the quotient is exact: what is too much is less than 1 / size then, so it never reaches the next whole number.
struct Divisor {
    unsigned size, multiplier, shift;

    explicit Divisor(unsigned size) : size(size), shift(0) {
        while ((1ull << shift) < size) ++shift;
        multiplier = static_cast<unsigned>(((1ull << (31 + shift)) + size - 1) / size);
    }
    __device__ unsigned quotient(unsigned position) const {
        return static_cast<unsigned>(static_cast<uint64_t>(position) * multiplier >> (31 + shift));
    }
};

// ------------------------------------------------- the request of a token: the last one that starts at or before it

__device__ unsigned starts(const int32_t* query_start_loc, int request) {
    return static_cast<unsigned>(query_start_loc[request]);
}

// By the whole block: 256 probes at once divide what is left by 256, so 65,536 requests take two round trips to memory.
__device__ int request_of_tile(const int32_t* query_start_loc, int num_reqs, unsigned token) {
    int low = 0, left = num_reqs, step;
    do {
        step = (left + THREADS - 1) / THREADS;
        const int last = low + (threadIdx.x + 1) * step - 1;  // of the step requests that this thread stands for
        // It is not among these if the last of them ends at or before the token: then look behind them.
        const int passed = __syncthreads_count(last < low + left && starts(query_start_loc, last + 1) <= token);
        left = min(step, left - passed * step);
        low += passed * step;
    } while (step > 1);
    return low;
}

// By one thread, from a request that starts no later: gallop with doubling steps, then halve them.
__device__ int request_from(const int32_t* query_start_loc, int num_reqs, unsigned token, int request) {
    int step = 1;
    while (request + step < num_reqs && starts(query_start_loc, request + step) <= token) {
        request += step;
        step *= 2;
    }
    while ((step /= 2) > 0)
        if (request + step < num_reqs && starts(query_start_loc, request + step) <= token) request += step;
    return request;
}

// ------------------------------------------------- slots

// A thread's tokens of a tile: pairs of neighbours, THREADS pairs apart.
__device__ unsigned token_of(unsigned first, int i, int k) { return first + i * THREADS * 2 + k; }

// Whole pairs only: without a second case, nothing waits for these loads before their use.
__device__ void load(longlong2 (&position)[PAIRS], const int64_t* positions, unsigned first, unsigned num_tokens) {
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        const unsigned t = token_of(first, i, 0);
        if (t + 1 < num_tokens)  // __ldcs: read once, so leave L2 to the tables
            position[i] = __ldcs(reinterpret_cast<const longlong2*>(positions + t));
    }
}

__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    slot_mapping_kernel(const int32_t* query_start_loc, const int64_t* positions, const int32_t* block_table,
                        int64_t block_table_stride, int64_t* slot_mapping, int num_reqs, unsigned num_tokens,
                        unsigned max_tokens, Divisor page) {
    const unsigned tile = blockIdx.x * TILE, first = tile + threadIdx.x * 2;
    // The positions do not wait for the search: they are on their way while the block looks for its request.
    longlong2 position[PAIRS];
    load(position, positions, first, num_tokens);
    int request = 0;
    if (tile < num_tokens)  // the same for the whole block: all meet in the barriers of the search, or nobody
        request = request_of_tile(query_start_loc, num_reqs, tile);

    // In rounds, each without a wait: whose row, then all loads from the tables, then the slots. Token by token the
    // loads would wait for one another. A thread's tokens rise, so it looks at the starts only where a request ends.
    unsigned end = 0;  // the first token of the next request; 0: not looked up yet
    const int32_t *current = block_table, *row[PAIRS][2];
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
#pragma unroll
        for (int k = 0; k < 2; ++k) {
            const unsigned t = token_of(first, i, k);
            if (t >= end && t < num_tokens) {
                request = request_from(query_start_loc, num_reqs, t, request);
                end = starts(query_start_loc, request + 1);
                current = block_table + request * block_table_stride;
            }
            row[i][k] = current;
        }
    }
    unsigned offset[PAIRS][2];
    int32_t physical[PAIRS][2];
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
#pragma unroll
        for (int k = 0; k < 2; ++k) {  // 32 bits: a position is below 2^31
            const unsigned t = token_of(first, i, k);
            unsigned at = static_cast<unsigned>(k ? position[i].y : position[i].x);
            if (k == 0 && t + 1 == num_tokens) at = static_cast<unsigned>(positions[t]);  // an odd last token
            const unsigned logical = page.quotient(at);
            offset[i][k] = at - logical * page.size;
            physical[i][k] = t < num_tokens ? row[i][k][logical] : 0;
        }
    }
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        int64_t slot[2];
#pragma unroll
        for (int k = 0; k < 2; ++k) {  // 64 bits: 2^27 blocks of 16 tokens are beyond 2^31
            const int64_t found = static_cast<int64_t>(physical[i][k]) * page.size + offset[i][k];
            slot[k] = token_of(first, i, k) < num_tokens ? found : PADDING;
        }
        const unsigned t = token_of(first, i, 0);
        if (t + 1 < max_tokens)  // plain: with __stcs, the first to leave L2, it took 7 % longer (H200)
            *reinterpret_cast<longlong2*>(slot_mapping + t) = make_longlong2(slot[0], slot[1]);
        else if (t < max_tokens)
            slot_mapping[t] = slot[0];
    }
}

extern "C" cudaError_t launch_slot_mapping(const int32_t* query_start_loc, const int64_t* positions,
                                           const int32_t* block_table, int64_t block_table_stride,
                                           int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                                           int block_size, cudaStream_t stream) {
    if (max_tokens == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    const unsigned blocks = (static_cast<unsigned>(max_tokens) + TILE - 1) / TILE;
    slot_mapping_kernel<<<blocks, THREADS, 0, stream>>>(query_start_loc, positions, block_table, block_table_stride,
                                                        slot_mapping, num_reqs, num_tokens, max_tokens,
                                                        Divisor(block_size));
    return cudaGetLastError();
}
