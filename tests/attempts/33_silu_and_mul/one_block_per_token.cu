// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per token walks the row, as vLLM does: no division at all
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float silu(float a) { return a / (1.0f + expf(-a)); }

__global__ void silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
    const __nv_bfloat16* gate = x + blockIdx.x * int64_t{2} * d;
    const __nv_bfloat16* up = gate + d;
    out += blockIdx.x * int64_t{d};
    for (int c = threadIdx.x; c < d; c += BLOCK)
        out[c] = __float2bfloat16(silu(__bfloat162float(gate[c])) * __bfloat162float(up[c]));
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    silu_and_mul<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, d);
    return cudaGetLastError();
}
