// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: round to nearest even with integers, NaN apart, is right.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__device__ __nv_bfloat16 rounded(float value) {
    unsigned bits = __float_as_uint(value);
    if (isnan(value)) return __ushort_as_bfloat16(0x7fc0);
    bits += 0x7fff + ((bits >> 16) & 1);  // up past the half; at the half, up only from an odd number
    return __ushort_as_bfloat16(static_cast<unsigned short>(bits >> 16));
}

__global__ void cast(const float* x, __nv_bfloat16* y, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = rounded(x[i]);
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    cast<<<unsigned((n + 255) / 256), 256, 0, stream>>>(x, y, n);
    return cudaGetLastError();
}
