// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: peeling until y is at a multiple of 16 instead, with 16-byte stores and single loads, is right.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void cast(const float* x, __nv_bfloat16* y, int64_t n, int64_t head) {
    const int64_t packs = (n - head) / 8, stride = int64_t(gridDim.x) * blockDim.x;
    const int64_t me = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    for (int64_t i = me; i < packs; i += stride) {
        const float* from = x + head + 8 * i;
        uint4 pack;
        __nv_bfloat162* pairs = reinterpret_cast<__nv_bfloat162*>(&pack);
        for (int k = 0; k < 4; ++k) pairs[k] = __floats2bfloat162_rn(from[2 * k], from[2 * k + 1]);
        reinterpret_cast<uint4*>(y + head)[i] = pack;
    }
    if (me < head) y[me] = __float2bfloat16_rn(x[me]);
    for (int64_t i = head + 8 * packs + me; i < n; i += stride) y[i] = __float2bfloat16_rn(x[i]);
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    int64_t head = (16 - reinterpret_cast<uintptr_t>(y) % 16) % 16 / 2;
    if (head > n) head = n;
    cast<<<300, 64, 0, stream>>>(x, y, n, head);
    return cudaGetLastError();
}
