// 33 SwiGLU activation: out[t, c] = silu(x[t, c]) * x[t, d + c], for each token t and 0 <= c < d.
//
// x is (tokens, 2d) bf16 in device memory: the first half of a row is the gate, the second is "up".
// out is (tokens, d) bf16. silu(a) = a / (1 + exp(-a)). Compute in fp32.
// Run it with:  python -m grader run 33_silu_and_mul

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d) {
    // TODO: read an element of the gate and one of up, write silu(gate) * up.
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // silu_and_mul<<<grid, block, 0, stream>>>(out, x, tokens, d);
    return cudaGetLastError();
}
