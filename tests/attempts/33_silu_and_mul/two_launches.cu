// expect: PASS
// expect(cuda): PASS | SLOW
// why: one launch writes silu(gate) to out, a second one multiplies by up: not fused, but right
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float silu(float a) { return a / (1.0f + expf(-a)); }

__global__ void silu_of_gate(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
    for (int c = threadIdx.x; c < d; c += BLOCK)
        out[blockIdx.x * int64_t{d} + c] = __float2bfloat16(silu(__bfloat162float(x[blockIdx.x * int64_t{2} * d + c])));
}

__global__ void times_up(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
    out += blockIdx.x * int64_t{d};
    for (int c = threadIdx.x; c < d; c += BLOCK)
        out[c] = __float2bfloat16(__bfloat162float(out[c]) * __bfloat162float(x[blockIdx.x * int64_t{2} * d + d + c]));
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    silu_of_gate<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, d);
    times_up<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, d);
    return cudaGetLastError();
}
