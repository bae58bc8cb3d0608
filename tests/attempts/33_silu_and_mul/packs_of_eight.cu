// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per token, 16-byte packs where d allows them, one at a time, with the exact exp and division
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float silu(float a) { return a / (1.0f + expf(-a)); }

// N bf16 that one instruction moves.
template <int N>
struct alignas(2 * N) Pack {
    __nv_bfloat16 v[N];
};

template <int N>
__global__ void silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int d) {
    const Pack<N>* gate = reinterpret_cast<const Pack<N>*>(x + blockIdx.x * int64_t{2} * d);
    const Pack<N>* up = reinterpret_cast<const Pack<N>*>(x + blockIdx.x * int64_t{2} * d + d);
    Pack<N>* to = reinterpret_cast<Pack<N>*>(out + blockIdx.x * int64_t{d});
    for (int p = threadIdx.x; p < d / N; p += BLOCK) {
        Pack<N> a = gate[p];
        const Pack<N> b = up[p];
        for (int i = 0; i < N; ++i)
            a.v[i] = __float2bfloat16(silu(__bfloat162float(a.v[i])) * __bfloat162float(b.v[i]));
        to[p] = a;
    }
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    if (d % 8 == 0)
        silu_and_mul<8><<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, d);
    else
        silu_and_mul<1><<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(out, x, d);
    return cudaGetLastError();
}
