// 31 RMSNorm: out[t, c] = x[t, c] / sqrt(mean of x[t, :]^2 + eps) * w[c], for each token t.
//
// x is (tokens, hidden) bf16 in device memory; row t starts at x + t * x_stride, and x_stride >= hidden.
// out is (tokens, hidden) bf16, without gaps; w holds hidden bf16; hidden <= 16,384. Add up in fp32.
// Run it with:  python -m grader run 31_rms_norm

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride, const __nv_bfloat16* w,
                         float eps, int hidden) {
    // TODO: one block per token. Add up the squares of the row, then write it divided by their root mean, times w.
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // rms_norm<<<grid, block, 0, stream>>>(out, x, x_stride, w, eps, hidden);
    return cudaGetLastError();
}
