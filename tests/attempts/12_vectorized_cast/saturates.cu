// expect: WRONG
// why: what is too large for bf16 becomes its largest number instead of infinity.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void cast(const float* x, __nv_bfloat16* y, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = __float2bfloat16_rn(isnan(x[i]) ? x[i] : fminf(fmaxf(x[i], -3.38e38f), 3.38e38f));
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    cast<<<unsigned((n + 255) / 256), 256, 0, stream>>>(x, y, n);
    return cudaGetLastError();
}
