// 51 PagedAttention v1: out = softmax(scale · q·Kᵀ + bias) · V for one query per sequence and head.
//
//   q, out        (num_seqs, num_heads, head_size)                        fp16; head_size: a multiple of 8 up to 256
//   key_cache     (blocks, num_kv_heads, head_size / 8, block_size, 8)    fp16; block_size is 16 or 32
//   value_cache   (blocks, num_kv_heads, head_size, block_size)           fp16
//   block_tables  (num_seqs, block_table_stride)                          int32
//   seq_lens      (num_seqs)                                              int32
//   alibi_slopes  (num_heads)                                             fp32, or NULL
//
// A block of threads does one sequence and one kv head, with up to HEADS of the query heads that share it: K and V
// cross the bus once for all of them. Its warps take tiles of 16 tokens in turn. Each warp keeps a softmax of its own,
// "online": a running maximum, a sum, and HEADS · head_size weighted sums of values. They are merged at the end. So no
// score is ever stored for long, a sequence may have any length, and warps do not wait for each other until then.
//
// In a tile, a lane does
//   scores   token lane % 16, every other chunk of 8 numbers of its key: 16 bytes a load, 256 in a row per half warp
//   values   rows d = lane / 2, lane / 2 + 16, …; 8 tokens of each: 16 bytes a load, whole 32-byte sectors

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int TILE = 16;   // tokens: the smallest block size, so a tile never crosses the edge of a cache block
constexpr int PACK = 8;    // fp16 numbers in 16 bytes
constexpr int WARPS = 8;
constexpr int THREADS = WARPS * WARP;

struct Cache {
    const __half* key;
    const __half* value;
    const int32_t* table;
    int num_kv_heads, head_size;
};

__device__ void unpack(float (&x)[PACK], const uint4& pack) {
    const __half2* pairs = reinterpret_cast<const __half2*>(&pack);
#pragma unroll
    for (int i = 0; i < PACK / 2; ++i) {
        const float2 two = __half22float2(pairs[i]);
        x[2 * i] = two.x;
        x[2 * i + 1] = two.y;
    }
}

__device__ void read8(float (&x)[PACK], const float* shared) {  // two 16-byte reads; lanes that agree share them
    const float4 a = reinterpret_cast<const float4*>(shared)[0], b = reinterpret_cast<const float4*>(shared)[1];
    x[0] = a.x, x[1] = a.y, x[2] = a.z, x[3] = a.w, x[4] = b.x, x[5] = b.y, x[6] = b.z, x[7] = b.w;
}

// head_size <= MAX_HEAD_SIZE, a multiple of 16: the loops over a head are unrolled up to that. With the block size
// known too, the places of all packs of a tile are constants away from one address, and take no registers.
template <int BLOCK_SIZE, int MAX_HEAD_SIZE, int HEADS, int MIN_BLOCKS>
__global__ void __launch_bounds__(THREADS, MIN_BLOCKS)
    paged_attention(__half* out, const __half* q, Cache cache, const int32_t* seq_lens, const float* alibi_slopes,
                    int num_heads, int64_t block_table_stride, float scale) {
    constexpr int PACKS = MAX_HEAD_SIZE / TILE;  // of K, and of V, per lane and tile
    __shared__ __align__(16) float query[HEADS][MAX_HEAD_SIZE];
    __shared__ __align__(16) float weight[WARPS][HEADS][TILE];  // p of the warp's tile
    __shared__ float slope[HEADS];
    __shared__ float warp_top[WARPS][HEADS], warp_sum[WARPS][HEADS];
    __shared__ float warp_acc[WARPS][HEADS][MAX_HEAD_SIZE];

    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int seq = blockIdx.x, kv_head = blockIdx.y;
    const int head_size = cache.head_size;
    const int group = num_heads / cache.num_kv_heads;
    const int first_head = kv_head * group + blockIdx.z * HEADS;
    const int heads = min(HEADS, group - static_cast<int>(blockIdx.z) * HEADS);  // fewer in the last part of a group
    const int64_t row = (static_cast<int64_t>(seq) * num_heads + first_head) * head_size;
    const int seq_len = seq_lens[seq];
    const int32_t* table = cache.table + seq * block_table_stride;

    // Where the cache block of token t begins, for this kv head, in either cache.
    const auto start = [&](int t) {
        return (static_cast<int64_t>(table[t / BLOCK_SIZE]) * cache.num_kv_heads + kv_head) * head_size * BLOCK_SIZE;
    };

    // The scale goes into the query: once, not once per token. Heads that do not exist are zero and never stored.
    for (int i = threadIdx.x; i < HEADS * head_size; i += THREADS) {
        const int h = i / head_size, d = i % head_size;
        query[h][d] = h < heads ? scale * __half2float(q[row + i]) : 0.0f;
    }
    if (threadIdx.x < HEADS) {
        const int h = threadIdx.x;
        slope[h] = alibi_slopes && h < heads ? alibi_slopes[first_head + h] : 0.0f;
    }
    __syncthreads();  // query and slopes are complete

    const int token = lane % TILE, part = lane / TILE;  // of the scores
    const int value_row = lane / 2, side = lane % 2;    // of the values
    const int chunks = head_size / PACK;
    const __half* keys = cache.key + (part * BLOCK_SIZE + token) * PACK;
    const __half* values = cache.value + value_row * BLOCK_SIZE + side * PACK;

    // Chunk 2 * i + part of the key, row 16 * i + value_row of the value; those that do not exist are not touched.
    const auto load_key = [&](uint4& pack, int64_t at, int i) {
        if (2 * i + part < chunks) pack = *reinterpret_cast<const uint4*>(keys + at + 2 * i * BLOCK_SIZE * PACK);
    };
    const auto load_value = [&](uint4& pack, int64_t at, int i) {
        if (i * TILE + value_row < head_size)
            pack = *reinterpret_cast<const uint4*>(values + at + i * TILE * BLOCK_SIZE);
    };

    float top[HEADS], sum[HEADS], acc[HEADS][PACKS];  // top is the same in all lanes; sum and acc are a lane's share
#pragma unroll
    for (int h = 0; h < HEADS; ++h) {
        top[h] = -INFINITY;
        sum[h] = 0.0f;
#pragma unroll
        for (int i = 0; i < PACKS; ++i) acc[h][i] = 0.0f;
    }

    // A pack of K that has been used makes room for a pack of V, and that one for the next tile's K. So PACKS loads are
    // under way all the time, also while the warp computes, in no more registers than one tile's keys take.
    uint4 pack[PACKS] = {};
    int64_t block = 0;  // where the tile's cache block begins
    if (warp * TILE < seq_len) {
        block = start(warp * TILE);
#pragma unroll
        for (int i = 0; i < PACKS; ++i) load_key(pack[i], block + warp * TILE % BLOCK_SIZE * PACK, i);
    }
    for (int tile = warp * TILE; tile < seq_len; tile += WARPS * TILE) {
        const int place = tile % BLOCK_SIZE;  // 0, or 16 in the second half of a block of 32
        const int next_tile = tile + WARPS * TILE;
        const int64_t next_block = next_tile < seq_len ? start(next_tile) : 0;  // needed only below

        float score[HEADS] = {};
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            float x[PACK], y[PACK];
            unpack(x, pack[i]);
            load_value(pack[i], block + place, i);
            if (2 * i + part >= chunks) continue;
#pragma unroll
            for (int h = 0; h < HEADS; ++h) {
                read8(y, &query[h][(2 * i + part) * PACK]);
#pragma unroll
                for (int j = 0; j < PACK; ++j) score[h] += x[j] * y[j];
            }
        }

        const int t = tile + token;
        __syncwarp();  // all lanes have read the weights of the tile before
#pragma unroll
        for (int h = 0; h < HEADS; ++h) {
            float s = score[h] + __shfl_xor_sync(ALL_LANES, score[h], TILE);  // both parts of the key
            // Behind the last token K may be NaN: replaced, not added to.
            s = t < seq_len ? s + slope[h] * (t - seq_len + 1) : -INFINITY;

            float higher = fmaxf(top[h], s);  // finite, as a tile has at least one token
            for (int offset = TILE / 2; offset > 0; offset /= 2)
                higher = fmaxf(higher, __shfl_xor_sync(ALL_LANES, higher, offset));
            if (higher > top[h]) {  // the same in the whole warp; becomes rare after a few tiles
                const float factor = __expf(top[h] - higher);  // 0 the first time
                sum[h] *= factor;
#pragma unroll
                for (int i = 0; i < PACKS; ++i) acc[h][i] *= factor;
                top[h] = higher;
            }
            s = __expf(s - higher);
            sum[h] += s;
            if (part == 0) weight[warp][h][token] = s;
        }
        __syncwarp();  // the weights are complete

        float p[HEADS][PACK];
#pragma unroll
        for (int h = 0; h < HEADS; ++h) read8(p[h], &weight[warp][h][side * PACK]);

        const int exist = seq_len - tile - side * PACK;  // of this lane's 8 tokens
        const int64_t next_key = next_block + next_tile % BLOCK_SIZE * PACK;
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            float x[PACK];
            unpack(x, pack[i]);
            if (next_tile < seq_len) load_key(pack[i], next_key, i);
            if (i * TILE + value_row >= head_size) continue;
            if (exist < PACK) {  // the last tile: p is 0 behind the last token, but 0 * NaN is NaN
#pragma unroll
                for (int j = 0; j < PACK; ++j) x[j] = j < exist ? x[j] : 0.0f;
            }
#pragma unroll
            for (int h = 0; h < HEADS; ++h)
#pragma unroll
                for (int j = 0; j < PACK; ++j) acc[h][i] += p[h][j] * x[j];
        }
        block = next_block;
    }

    // The lanes' shares: the sum over 16 tokens (both halves of the warp hold the same), acc over the two sides.
#pragma unroll
    for (int h = 0; h < HEADS; ++h) {
        for (int offset = TILE / 2; offset > 0; offset /= 2) sum[h] += __shfl_xor_sync(ALL_LANES, sum[h], offset);
        if (lane == 0) {
            warp_top[warp][h] = top[h];
            warp_sum[warp][h] = sum[h];
        }
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const float both = acc[h][i] + __shfl_xor_sync(ALL_LANES, acc[h][i], 1);
            if (side == 0) warp_acc[warp][h][i * TILE + value_row] = both;
        }
    }
    __syncthreads();  // every warp's statistics are there to be merged

    for (int i = threadIdx.x; i < heads * head_size; i += THREADS) {
        const int h = i / head_size, d = i % head_size;
        float highest = -INFINITY;
        for (int w = 0; w < WARPS; ++w) highest = fmaxf(highest, warp_top[w][h]);
        float total = 0.0f, value = 0.0f;
        for (int w = 0; w < WARPS; ++w) {
            const float factor = __expf(warp_top[w][h] - highest);  // 0 for a warp without a tile
            total += factor * warp_sum[w][h];
            value += factor * warp_acc[w][h][d];
        }
        out[row + i] = __float2half_rn(value / total);
    }
}

template <int BLOCK_SIZE, int MAX_HEAD_SIZE, int HEADS, int MIN_BLOCKS>
static void launch(__half* out, const __half* q, const Cache& cache, const int32_t* seq_lens, const float* alibi_slopes,
                   int num_seqs, int num_heads, int64_t block_table_stride, float scale, cudaStream_t stream) {
    const int group = num_heads / cache.num_kv_heads;
    const dim3 grid(num_seqs, cache.num_kv_heads, (group + HEADS - 1) / HEADS);
    paged_attention<BLOCK_SIZE, MAX_HEAD_SIZE, HEADS, MIN_BLOCKS><<<grid, THREADS, 0, stream>>>(
        out, q, cache, seq_lens, alibi_slopes, num_heads, block_table_stride, scale);
}

extern "C" cudaError_t launch_paged_attention_v1(__half* out, const __half* q, const __half* key_cache,
                                                 const __half* value_cache, const int32_t* block_tables,
                                                 const int32_t* seq_lens, const float* alibi_slopes, int num_seqs,
                                                 int num_heads, int num_kv_heads, int head_size, int block_size,
                                                 int64_t block_table_stride, int max_seq_len, float scale,
                                                 cudaStream_t stream) {
    // max_seq_len is not needed: no score is kept in shared memory.
    const Cache cache{key_cache, value_cache, block_tables, num_kv_heads, head_size};
    // Four heads share a block: 32 sums and 32 weights a lane. Two blocks an SM leave a thread 128 registers, one 255.
    const auto run = [&](auto small, auto medium, auto large) {
        const auto chosen = head_size <= 64 ? small : head_size <= 128 ? medium : large;
        chosen(out, q, cache, seq_lens, alibi_slopes, num_seqs, num_heads, block_table_stride, scale, stream);
    };
    if (block_size == 16)
        run(launch<16, 64, 4, 2>, launch<16, 128, 4, 2>, launch<16, 256, 2, 1>);
    else
        run(launch<32, 64, 4, 2>, launch<32, 128, 4, 2>, launch<32, 256, 2, 1>);
    return cudaGetLastError();
}
