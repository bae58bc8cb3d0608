// expect: UNSAFE | CRASH
// why: float4 also on rows that do not begin at multiples of 16 bytes

#include <cuda_runtime.h>
#include <cstdint>

// Four tokens per thread.
__global__ void penalise(float* logits, const bool* prompt_mask, const bool* output_mask, const float* penalties,
                         int vocab) {
    const int q = blockIdx.x * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * vocab;
    const float p = penalties[blockIdx.y];
    if (q == vocab / 4)  // the tail, by one thread
        for (int64_t i = row + 4 * q; i < row + vocab; ++i)
            if (prompt_mask[i] || output_mask[i]) logits[i] = logits[i] > 0 ? logits[i] / p : logits[i] * p;
    if (q >= vocab / 4) return;
    const uchar4 a = reinterpret_cast<const uchar4*>(prompt_mask + row)[q];
    const uchar4 b = reinterpret_cast<const uchar4*>(output_mask + row)[q];
    float4 x = reinterpret_cast<float4*>(logits + row)[q];
    if (a.x | b.x) x.x = x.x > 0 ? x.x / p : x.x * p;
    if (a.y | b.y) x.y = x.y > 0 ? x.y / p : x.y * p;
    if (a.z | b.z) x.z = x.z > 0 ? x.z / p : x.z * p;
    if (a.w | b.w) x.w = x.w > 0 ? x.w / p : x.w * p;
    reinterpret_cast<float4*>(logits + row)[q] = x;
}

extern "C" cudaError_t launch_repetition_penalty(float* logits, const bool* prompt_mask, const bool* output_mask,
                                                 const float* penalties, int num_seqs, int vocab,
                                                 cudaStream_t stream) {
    if (num_seqs == 0) return cudaSuccess;
    penalise<<<dim3((vocab / 4 + 128) / 128, num_seqs), 128, 0, stream>>>(logits, prompt_mask, output_mask, penalties,
                                                                          vocab);
    return cudaGetLastError();
}
