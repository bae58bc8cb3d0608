// expect: UNSAFE oob
// expect(cuda): UNSAFE | CRASH
// why: eight elements an access with a scalar tail, but a row or its half starts at 16 bytes only if d is a multiple of 8
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float silu(float a) { return a / (1.0f + expf(-a)); }

__global__ void silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
    const __nv_bfloat16* gate = x + blockIdx.x * int64_t{2} * d;
    const __nv_bfloat16* up = gate + d;
    out += blockIdx.x * int64_t{d};
    for (int p = threadIdx.x; p < d / 8; p += BLOCK) {
        const uint4 a = reinterpret_cast<const uint4*>(gate)[p], b = reinterpret_cast<const uint4*>(up)[p];
        const __nv_bfloat16* g = reinterpret_cast<const __nv_bfloat16*>(&a);
        const __nv_bfloat16* u = reinterpret_cast<const __nv_bfloat16*>(&b);
        for (int k = 0; k < 8; ++k)
            out[8 * p + k] = __float2bfloat16(silu(__bfloat162float(g[k])) * __bfloat162float(u[k]));
    }
    for (int c = d / 8 * 8 + threadIdx.x; c < d; c += BLOCK)
        out[c] = __float2bfloat16(silu(__bfloat162float(gate[c])) * __bfloat162float(up[c]));
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    silu_and_mul<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, d);
    return cudaGetLastError();
}
