// expect: UNSAFE | CRASH
// why: the head is peeled for x alone; after it, y need not be at a multiple of 8.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One pack of four per thread; block 0 does the ends.
__global__ void cast(const float* x, __nv_bfloat16* y, int64_t n, int64_t head) {
    const int64_t packs = (n - head) / 4, i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < packs) {
        const float4 v = reinterpret_cast<const float4*>(x + head)[i];
        const __nv_bfloat162 low = __floats2bfloat162_rn(v.x, v.y), high = __floats2bfloat162_rn(v.z, v.w);
        reinterpret_cast<uint2*>(y + head)[i] = make_uint2(*reinterpret_cast<const unsigned*>(&low),
                                                           *reinterpret_cast<const unsigned*>(&high));
    }
    if (blockIdx.x == 0 && threadIdx.x < head) y[threadIdx.x] = __float2bfloat16_rn(x[threadIdx.x]);
    const int64_t tail = head + 4 * packs + threadIdx.x;
    if (blockIdx.x == 0 && tail < n) y[tail] = __float2bfloat16_rn(x[tail]);
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    int64_t head = (16 - reinterpret_cast<uintptr_t>(x) % 16) % 16 / 4;
    if (head > n) head = n;
    const unsigned blocks = unsigned((n / 4 + 127) / 128);
    cast<<<blocks ? blocks : 1, 128, 0, stream>>>(x, y, n, head);
    return cudaGetLastError();
}
