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

constexpr int THREADS = 256;                  // 8 blocks fill the 2,048 thread slots of an SM
constexpr int PAIRS = 4;                      // 16-byte loads in flight per thread
constexpr int TILE = THREADS * PAIRS * 2;     // 2,048 tokens
constexpr int64_t PADDING = -1;               // "do not store": the cache kernels skip it

// ------------------------------------------------- the request of a token: the last one that starts at or before it

// By the whole block: 256 probes at once divide what is left by 256, so 65,536 requests take two round trips to memory.
__device__ int request_of_tile(const int32_t* query_start_loc, int num_reqs, int token) {
    int low = 0, left = num_reqs, step;
    do {
        step = (left + THREADS - 1) / THREADS;
        const int last = low + (threadIdx.x + 1) * step - 1;  // of the step requests that this thread stands for
        // It is not among these if the last of them ends at or before the token: then look behind them.
        const int passed = __syncthreads_count(last < low + left && query_start_loc[last + 1] <= token);
        left = min(step, left - passed * step);
        low += passed * step;
    } while (step > 1);
    return low;
}

// By one thread, from a request that starts no later: gallop with doubling steps, then halve them. Mostly the first
// look is the last: neighbours in the batch tend to share their request.
__device__ int request_from(const int32_t* query_start_loc, int num_reqs, int token, int request) {
    int step = 1;
    while (request + step < num_reqs && query_start_loc[request + step] <= token) {
        request += step;
        step *= 2;
    }
    while ((step /= 2) > 0)
        if (request + step < num_reqs && query_start_loc[request + step] <= token) request += step;
    return request;
}

// ----------------------------------------------------------------

__global__ void __launch_bounds__(THREADS)
    slot_mapping_kernel(const int32_t* query_start_loc, const int64_t* positions, const int32_t* block_table,
                        int64_t block_table_stride, int64_t* slot_mapping, int num_reqs, int num_tokens,
                        int max_tokens, int block_size) {
    const int64_t tile = static_cast<int64_t>(blockIdx.x) * TILE;  // 64 bits: the last tile may end above 2^31
    const int64_t first = tile + threadIdx.x * 2;

    // The positions do not wait for the search: they are on their way while the block looks for its request.
    longlong2 position[PAIRS];
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        const int64_t t = first + i * THREADS * 2;
        if (t + 1 < num_tokens) {
            position[i] = *reinterpret_cast<const longlong2*>(positions + t);
        } else {
            position[i] = make_longlong2(t < num_tokens ? positions[t] : 0, 0);  // an odd last token
        }
    }

    int request = 0;
    if (tile < num_tokens)  // the same for the whole block: all meet in the barriers of the search, or nobody does
        request = request_of_tile(query_start_loc, num_reqs, static_cast<int>(tile));

    // 32-bit division: a position is below 2^31, and a 64-bit division would take longer than the memory does.
    const unsigned size = block_size;
    longlong2 slot[PAIRS];
#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        const int64_t t = first + i * THREADS * 2;
        const unsigned at[2] = {static_cast<unsigned>(position[i].x), static_cast<unsigned>(position[i].y)};
        int64_t found[2] = {PADDING, PADDING};
#pragma unroll
        for (int k = 0; k < 2; ++k) {
            if (t + k < num_tokens) {
                request = request_from(query_start_loc, num_reqs, static_cast<int>(t + k), request);
                const unsigned logical = at[k] / size, offset = at[k] - logical * size;
                const int64_t physical = block_table[request * block_table_stride + logical];
                found[k] = physical * size + offset;  // 64 bits: 2^27 blocks of 16 tokens are beyond 2^31
            }
        }
        slot[i] = make_longlong2(found[0], found[1]);
    }

#pragma unroll
    for (int i = 0; i < PAIRS; ++i) {
        const int64_t t = first + i * THREADS * 2;
        if (t + 1 < max_tokens) {
            *reinterpret_cast<longlong2*>(slot_mapping + t) = slot[i];
        } else if (t < max_tokens) {
            slot_mapping[t] = slot[i].x;
        }
    }
}

extern "C" cudaError_t launch_slot_mapping(const int32_t* query_start_loc, const int64_t* positions,
                                           const int32_t* block_table, int64_t block_table_stride,
                                           int64_t* slot_mapping, int num_reqs, int num_tokens, int max_tokens,
                                           int block_size, cudaStream_t stream) {
    if (max_tokens == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    const unsigned blocks = (static_cast<unsigned>(max_tokens) + TILE - 1) / TILE;
    slot_mapping_kernel<<<blocks, THREADS, 0, stream>>>(query_start_loc, positions, block_table, block_table_stride,
                                                        slot_mapping, num_reqs, num_tokens, max_tokens, block_size);
    return cudaGetLastError();
}
