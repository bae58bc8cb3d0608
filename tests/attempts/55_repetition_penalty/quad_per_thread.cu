// expect: PASS
// expect(cuda): PASS | SLOW
// why: one word of four flags of each mask per thread, and one float4 of logits where a flag is set
#include <cuda_runtime.h>
#include <cstdint>

__device__ float penalised(float x, float p) { return x > 0 ? x / p : x * p; }

// A grid of tiles of the vocabulary (x) times sequences (y). A row has up to 3 tokens before its first whole quad.
__global__ void penalise(float* logits, const bool* prompt_mask, const bool* output_mask, const float* penalties,
                         int vocab) {
    const int64_t row = int64_t(blockIdx.y) * vocab;
    const int head = min(int((4 - row % 4) % 4), vocab), quads = (vocab - head) / 4;
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    const float p = penalties[blockIdx.y];
    if (t < quads) {
        const int64_t i = row + head + 4 * t;
        const unsigned hit = *reinterpret_cast<const unsigned*>(prompt_mask + i) |
                             *reinterpret_cast<const unsigned*>(output_mask + i);
        if (hit) {
            float4 x = *reinterpret_cast<const float4*>(logits + i);
            if (hit & 0x000000ffu) x.x = penalised(x.x, p);
            if (hit & 0x0000ff00u) x.y = penalised(x.y, p);
            if (hit & 0x00ff0000u) x.z = penalised(x.z, p);
            if (hit & 0xff000000u) x.w = penalised(x.w, p);
            *reinterpret_cast<float4*>(logits + i) = x;
        }
    }
    // What no quad covers: the head by the first threads, the tail by the next.
    const int single = t < head ? t : head + 4 * quads + t - head;
    if (single < vocab && (prompt_mask[row + single] || output_mask[row + single]))
        logits[row + single] = penalised(logits[row + single], p);
}

extern "C" cudaError_t launch_repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                                 const float* penalties, int num_seqs, int vocab,
                                                 cudaStream_t stream) {
    if (num_seqs == 0) return cudaSuccess;
    const dim3 grid(vocab / 4 / 256 + 1, num_seqs);
    penalise<<<grid, 256, 0, stream>>>(logits, prompt_mask, output_mask, penalties, vocab);
    return cudaGetLastError();
}
