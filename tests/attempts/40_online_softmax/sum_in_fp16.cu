// expect: WRONG
// why: the running sum is kept in fp16: 11 bits, and nothing beyond 65,504
#include <cuda_runtime.h>
#include <cuda_fp16.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void online_softmax(const float* x, float* m, float* l, int64_t cols) {
    __shared__ float tops[BLOCK], sums[BLOCK];
    x += blockIdx.x * cols;
    float top = -FLT_MAX;
    __half sum = __float2half(0.0f);
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) {
        const float higher = fmaxf(top, x[c]);
        sum = __float2half(__half2float(sum) * expf(top - higher) + expf(x[c] - higher));
        top = higher;
    }
    tops[threadIdx.x] = top;
    sums[threadIdx.x] = __half2float(sum);
    __syncthreads();  // the tree reads what others wrote
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            const float a = tops[threadIdx.x], b = tops[threadIdx.x + half], higher = fmaxf(a, b);
            sums[threadIdx.x] = sums[threadIdx.x] * expf(a - higher) + sums[threadIdx.x + half] * expf(b - higher);
            tops[threadIdx.x] = higher;
        }
        __syncthreads();  // every step reads what the one before wrote
    }
    if (threadIdx.x == 0) {
        m[blockIdx.x] = tops[0];
        l[blockIdx.x] = sums[0];
    }
}

extern "C" cudaError_t launch_online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols,
                                             cudaStream_t stream) {
    online_softmax<<<unsigned(rows), BLOCK, 0, stream>>>(x, m, l, cols);
    return cudaGetLastError();
}
