// 55 Repetition penalty, in place: where token t of sequence s is in the prompt or in the output,
//
//   logits[s, t] = logits[s, t] > 0 ? logits[s, t] / penalties[s] : logits[s, t] * penalties[s]
//
//   logits                    (num_seqs, vocab)    fp32, read and written; num_seqs may be 0
//   prompt_mask, output_mask  (num_seqs, vocab)    bool: one byte each, 0 or 1
//   penalties                 (num_seqs)           fp32
//
// Run it with:  python -m grader run 55_repetition_penalty

#include <cuda_runtime.h>
#include <cstdint>

__global__ void repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                   const float* penalties, int num_seqs, int vocab) {
    // TODO: penalise this thread's tokens, once each, and leave all others alone.
}

extern "C" cudaError_t launch_repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                                 const float* penalties, int num_seqs, int vocab,
                                                 cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // repetition_penalty<<<grid, block, 0, stream>>>(logits, prompt_mask, output_mask, penalties, num_seqs, vocab);
    return cudaGetLastError();
}
