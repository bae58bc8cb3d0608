// 60 Dynamic per-token INT8 quantisation: scale[t] = max |x[t, :]| / 127, q[t, i] = x[t, i] / scale[t].
//
// x is (tokens, hidden) bf16, q is (tokens, hidden) int8, both row-major; scale holds `tokens` floats.
// Codes are rounded to the nearest whole number, halfway cases to the even one. A row of zeros has scale 0 and codes 0.
// Run it with:  python -m grader run 60_int8_quant_per_token

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int hidden) {
    // TODO: one block per token. Find the largest magnitude of the row, tell all threads, then round and store.
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // int8_quant_per_token<<<grid, block, 0, stream>>>(q, scale, x, hidden);
    return cudaGetLastError();
}
