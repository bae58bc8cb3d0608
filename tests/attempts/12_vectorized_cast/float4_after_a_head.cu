// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one float4 per thread from the first 16-byte boundary of x on, stored in four pieces, is right.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void cast(const float* x, __nv_bfloat16* y, int64_t n, int64_t head) {
    const int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, packs = (n - head) / 4;
    if (t < packs) {
        const float4 v = reinterpret_cast<const float4*>(x + head)[t];
        __nv_bfloat16* to = y + head + 4 * t;
        to[0] = __float2bfloat16_rn(v.x);
        to[1] = __float2bfloat16_rn(v.y);
        to[2] = __float2bfloat16_rn(v.z);
        to[3] = __float2bfloat16_rn(v.w);
    }
    if (t < head) y[t] = __float2bfloat16_rn(x[t]);
    const int64_t tail = head + 4 * packs + t;
    if (tail < n) y[tail] = __float2bfloat16_rn(x[tail]);
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t to_boundary = (16 - reinterpret_cast<uintptr_t>(x) % 16) % 16 / 4;
    const int64_t head = to_boundary < n ? to_boundary : n;
    const unsigned blocks = unsigned(((n - head) / 4 + 255) / 256);
    cast<<<blocks ? blocks : 1, 256, 0, stream>>>(x, y, n, head);
    return cudaGetLastError();
}
