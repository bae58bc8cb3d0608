// expect: WRONG | UNSAFE | CRASH
// why: rows of W are K long, not N.

#include <cuda_fp16.h>
#include <cuda_runtime.h>

// Sum of the eight products of two packs.
__device__ float dot(const uint4& a, const uint4& b) {
    const __half2* p = reinterpret_cast<const __half2*>(&a);
    const __half2* q = reinterpret_cast<const __half2*>(&b);
    float sum = 0.0f;
    for (int i = 0; i < 4; ++i) {
        const float2 u = __half22float2(p[i]), v = __half22float2(q[i]);
        sum = fmaf(u.x, v.x, sum);
        sum = fmaf(u.y, v.y, sum);
    }
    return sum;
}

__global__ void gemv(const __half* W, const __half* x, __half* y, int N, int K) {
    const int row = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= N) return;
    const uint4* w = reinterpret_cast<const uint4*>(W + size_t(row) * N);
    const uint4* v = reinterpret_cast<const uint4*>(x);
    float sum = 0.0f;
    for (int p = lane; p < K / 8; p += 32) sum += dot(w[p], v[p]);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(~0u, sum, offset);
    if (lane == 0) y[row] = __float2half(sum);
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    gemv<<<(N + 7) / 8, 256, 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
