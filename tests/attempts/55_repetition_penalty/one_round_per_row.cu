// expect: WRONG
// why: a block takes as many tokens of its row as it has threads; the rest is left out

#include <cuda_runtime.h>
#include <cstdint>

// One block per sequence.
__global__ void penalise(float* logits, const bool* prompt_mask, const bool* output_mask, const float* penalties,
                         int vocab) {
    const float p = penalties[blockIdx.x];
    const int t = threadIdx.x;
    if (t < vocab) {
        const int64_t i = int64_t(blockIdx.x) * vocab + t;
        if (prompt_mask[i] || output_mask[i]) logits[i] = logits[i] > 0 ? logits[i] / p : logits[i] * p;
    }
}

extern "C" cudaError_t launch_repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                                 const float* penalties, int num_seqs, int vocab,
                                                 cudaStream_t stream) {
    if (num_seqs == 0) return cudaSuccess;
    penalise<<<num_seqs, 512, 0, stream>>>(logits, prompt_mask, output_mask, penalties, vocab);
    return cudaGetLastError();
}
