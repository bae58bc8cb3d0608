// expect: UNSAFE | CRASH
// why: float4 loads need addresses that are multiples of 16, and x may start at any element.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One pack of four per thread; block 0 does the ends.
__global__ void cast(const float* x, __nv_bfloat16* y, int64_t n, int64_t head) {
    const int64_t packs = (n - head) / 4, i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < packs) {
        const float4 v = reinterpret_cast<const float4*>(x + head)[i];
        __nv_bfloat16* to = y + head + 4 * i;
        to[0] = __float2bfloat16_rn(v.x);
        to[1] = __float2bfloat16_rn(v.y);
        to[2] = __float2bfloat16_rn(v.z);
        to[3] = __float2bfloat16_rn(v.w);
    }
    if (blockIdx.x == 0 && threadIdx.x < head) y[threadIdx.x] = __float2bfloat16_rn(x[threadIdx.x]);
    const int64_t tail = head + 4 * packs + threadIdx.x;
    if (blockIdx.x == 0 && tail < n) y[tail] = __float2bfloat16_rn(x[tail]);
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t head = 0;
    const unsigned blocks = unsigned((n / 4 + 127) / 128);
    cast<<<blocks ? blocks : 1, 128, 0, stream>>>(x, y, n, head);
    return cudaGetLastError();
}
