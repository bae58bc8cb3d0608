// expect: PASS
// expect(cuda): PASS | SLOW
// why: first the prompt's tokens, then those of the output that are not in the prompt, is right

#include <cuda_runtime.h>
#include <cstdint>

// A grid of tiles of the vocabulary (x) times sequences (y).
__global__ void penalise(float* logits, const bool* mask, const bool* but_not, const float* penalties,
                         int vocab) {
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= vocab) return;
    const int64_t i = int64_t(blockIdx.y) * vocab + t;
    const float p = penalties[blockIdx.y];
    if (mask[i] && !(but_not && but_not[i])) logits[i] = logits[i] > 0 ? logits[i] / p : logits[i] * p;
}

extern "C" cudaError_t launch_repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                                 const float* penalties, int num_seqs, int vocab,
                                                 cudaStream_t stream) {
    if (num_seqs == 0) return cudaSuccess;
    const dim3 grid((vocab + 255) / 256, num_seqs);
    penalise<<<grid, 256, 0, stream>>>(logits, prompt_mask, nullptr, penalties, vocab);
    penalise<<<grid, 256, 0, stream>>>(logits, output_mask, prompt_mask, penalties, vocab);
    return cudaGetLastError();
}
