// 55 Repetition penalty, in place: where token t of sequence s is in the prompt or in the output,
//
//   logits[s, t] = logits[s, t] > 0 ? logits[s, t] / penalties[s] : logits[s, t] * penalties[s]
//
//   logits                    (num_seqs, vocab)    fp32; num_seqs may be 0
//   prompt_mask, output_mask  (num_seqs, vocab)    bool: one byte each, 0 or 1
//   penalties                 (num_seqs)           fp32
//
// The masks are read whole: 2 bytes a token. Logits are read and written only where a mask says so: few tokens of a
// vocabulary occur in a text.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 256;
constexpr int BLOCKS_PER_SM = 6;  // at least: while one waits for its logits, the others load masks
constexpr int QUAD = 4;           // tokens: one 32-bit word of each mask, one 16-byte pack of logits
constexpr int QUADS = 4;          // per thread: 8 words of masks in flight, then the logits they ask for
constexpr int TILE = THREADS * QUADS;  // quads per block: 4,096 tokens

__device__ float penalised(float x, float penalty, float reciprocal) { return x * (x > 0.0f ? reciprocal : penalty); }

// Four flags in one word: byte i is token i.
__device__ float4 penalised(float4 x, unsigned hit, float penalty, float reciprocal) {
    if (hit & 0x000000ffu) x.x = penalised(x.x, penalty, reciprocal);
    if (hit & 0x0000ff00u) x.y = penalised(x.y, penalty, reciprocal);
    if (hit & 0x00ff0000u) x.z = penalised(x.z, penalty, reciprocal);
    if (hit & 0xff000000u) x.w = penalised(x.w, penalty, reciprocal);
    return x;
}

// A row is `tiles` tiles, one block each, and neighbouring blocks are neighbours in memory. The division is one per
// block, which has one penalty.
__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask, const float* penalties,
                       int vocab, int tiles) {
    const int sequence = blockIdx.x / tiles, tile = blockIdx.x - sequence * tiles;
    const int64_t row = static_cast<int64_t>(sequence) * vocab;
    const float penalty = penalties[sequence];
    const float reciprocal = 1.0f / penalty;  // one division a thread, not one a logit: off by a rounding more
    logits += row;
    prompt_mask += row;
    output_mask += row;

    // The arrays begin at multiples of 256 bytes, so a token whose number in all is a multiple of 4 begins a quad in
    // each of them: a word of flags, 16 bytes of logits. A row has up to 3 tokens before the first such token.
    const int head = min(static_cast<int>((QUAD - row % QUAD) % QUAD), vocab);
    const int quads = (vocab - head) / QUAD;
    const unsigned* prompt = reinterpret_cast<const unsigned*>(prompt_mask + head);
    const unsigned* output = reinterpret_cast<const unsigned*>(output_mask + head);
    float4* pack = reinterpret_cast<float4*>(logits + head);
    const int first = tile * TILE + threadIdx.x;

    unsigned hit[QUADS];
#pragma unroll
    for (int i = 0; i < QUADS; ++i) {  // a token in both masks is penalised once: "or", not one after the other
        const int at = first + i * THREADS;
        hit[i] = at < quads ? prompt[at] | output[at] : 0;
    }
    float4 x[QUADS];
#pragma unroll
    for (int i = 0; i < QUADS; ++i)  // all that are needed, before the first is used
        if (hit[i]) x[i] = pack[first + i * THREADS];
#pragma unroll
    for (int i = 0; i < QUADS; ++i)
        if (hit[i]) pack[first + i * THREADS] = penalised(x[i], hit[i], penalty, reciprocal);

    // At most 3 tokens at either end: one thread each, of the row's first block.
    if (tile != 0 || threadIdx.x >= 2 * QUAD) return;
    const int end = threadIdx.x < QUAD ? threadIdx.x : head + quads * QUAD + threadIdx.x - QUAD;
    const int stop = threadIdx.x < QUAD ? head : vocab;
    if (end < stop && (prompt_mask[end] || output_mask[end])) logits[end] = penalised(logits[end], penalty, reciprocal);
}

extern "C" cudaError_t launch_repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                                 const float* penalties, int num_seqs, int vocab,
                                                 cudaStream_t stream) {
    if (num_seqs == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    const int tiles = vocab / QUAD > 0 ? (vocab / QUAD - 1) / TILE + 1 : 1;  // without quads, there are still the ends
    const unsigned grid = static_cast<unsigned>(num_seqs) * tiles;
    repetition_penalty<<<grid, THREADS, 0, stream>>>(logits, prompt_mask, output_mask, penalties, vocab, tiles);
    return cudaGetLastError();
}
