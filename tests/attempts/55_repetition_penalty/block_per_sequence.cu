// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per sequence, walking its row, is right

#include <cuda_runtime.h>
#include <cstdint>

// One block per sequence.
__global__ void penalise(float* logits, const bool* prompt_mask, const bool* output_mask, const float* penalties,
                         int vocab) {
    const float p = penalties[blockIdx.x];
    for (int t = threadIdx.x; t < vocab; t += blockDim.x) {
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
