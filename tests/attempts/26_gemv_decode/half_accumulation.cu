// expect: WRONG
// why: each lane adds up in a half2: 11 bits are not enough for a sum.

#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gemv(const __half* W, const __half* x, __half* y, int N, int K) {
    const int row = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= N) return;
    const __half2* w = reinterpret_cast<const __half2*>(W + size_t(row) * K);
    const __half2* v = reinterpret_cast<const __half2*>(x);
    __half2 pair = __float2half2_rn(0.0f);
    for (int p = lane; p < K / 2; p += 32) pair = __hfma2(w[p], v[p], pair);
    const float2 both = __half22float2(pair);
    float sum = both.x + both.y;
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(~0u, sum, offset);
    if (lane == 0) y[row] = __float2half(sum);
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    gemv<<<(N + 7) / 8, 256, 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
