// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: eleven blocks that walk over the rows, each block on one row at a time, with barriers around the shared sums.

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
    __shared__ float partial[128];
    const int t = threadIdx.x;
    const uint4* v = reinterpret_cast<const uint4*>(x);
    for (int row = blockIdx.x; row < N; row += gridDim.x) {
        const uint4* w = reinterpret_cast<const uint4*>(W + size_t(row) * K);
        float sum = 0.0f;
        for (int p = t; p < K / 8; p += 128) sum += dot(w[p], v[p]);
        partial[t] = sum;
        __syncthreads();
        for (int half = 64; half > 0; half /= 2) {
            if (t < half) partial[t] += partial[t + half];
            __syncthreads();
        }
        if (t == 0) y[row] = __float2half(partial[0]);
        __syncthreads();
    }
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    gemv<<<11, 128, 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
