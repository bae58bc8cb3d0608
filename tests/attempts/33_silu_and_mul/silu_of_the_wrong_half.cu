// expect: WRONG
// why: silu is applied to the second half of the row, not to the first
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float silu(float a) { return a / (1.0f + expf(-a)); }

__global__ void silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (i >= tokens * d) return;
    const int64_t token = i / d, c = i % d;
    const float gate = __bfloat162float(x[token * 2 * d + c]);
    const float up = __bfloat162float(x[token * 2 * d + d + c]);
    out[i] = __float2bfloat16(gate * silu(up));
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    const int64_t blocks = (tokens * d + BLOCK - 1) / BLOCK;
    silu_and_mul<<<static_cast<unsigned>(blocks), BLOCK, 0, stream>>>(out, x, tokens, d);
    return cudaGetLastError();
}
