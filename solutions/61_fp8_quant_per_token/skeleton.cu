// 61 Dynamic per-token FP8 quantisation: q[t, i] = x[t, i] / scale[t] as E4M3.
//
// x is (tokens, hidden) bf16, q is (tokens, hidden) fp8, both row-major; scale holds `tokens` floats.
// scale_ub is null or points to one float.
//   top      = max |x[t, :]|, but at most *scale_ub
//   scale[t] = top / 448, but at least 1 / (448 * 512)
// What is above 448 after the division becomes 448.
// Run it with:  python -m grader run 61_fp8_quant_per_token

#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void fp8_quant_per_token(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x, const float* scale_ub,
                                    int hidden) {
    // TODO: one block per token. Find the largest magnitude of the row, bound it, then divide, saturate and store.
}

extern "C" cudaError_t launch_fp8_quant_per_token(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x,
                                                  const float* scale_ub, int64_t tokens, int hidden,
                                                  cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // fp8_quant_per_token<<<grid, block, 0, stream>>>(q, scale, x, scale_ub, hidden);
    return cudaGetLastError();
}
