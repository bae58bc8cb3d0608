// 42 FlashAttention: o = softmax(q · k^T / sqrt(D)) · v, and lse = log of the sum of the exponentials, per query.
//
// q, o are (B, Hq, Sq, D) fp16; k, v are (B, Hkv, Sk, D) fp16; lse is (B, Hq, Sq) fp32; all row-major. D is 64 or 128.
// Hq is a multiple of Hkv: neighbouring heads of q share a head of k and v.
// With causal, query i sees keys 0 to i + Sk - Sq. A query that sees none has o = 0 and lse = -inf.
// Run it with:  python -m grader run 42_flash_attention

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse, int Hq,
                                int Hkv, int Sq, int Sk, int D, int causal) {
    // TODO: one block per head and tile of queries. Walk over tiles of keys: scores, running maximum and sum, output.
}

extern "C" cudaError_t launch_flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse,
                                              int B, int Hq, int Hkv, int Sq, int Sk, int D, int causal,
                                              cudaStream_t stream) {
    // TODO: choose the grid, the block and the shared memory, and launch on `stream`:
    // flash_attention<<<grid, block, bytes, stream>>>(q, k, v, o, lse, Hq, Hkv, Sq, Sk, D, causal);
    return cudaGetLastError();
}
