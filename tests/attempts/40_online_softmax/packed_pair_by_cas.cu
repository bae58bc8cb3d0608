// expect: PASS
// expect(cuda): PASS | SLOW
// why: threads merge their pairs into one 64-bit word in shared memory, by compare-and-swap
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 96;  // three warps: no power of two

__device__ unsigned long long pack(float top, float sum) {
    return static_cast<unsigned long long>(__float_as_uint(top)) << 32 | __float_as_uint(sum);
}

__global__ void online_softmax(const float* x, float* m, float* l, int64_t cols) {
    __shared__ unsigned long long pair;
    x += blockIdx.x * cols;
    if (threadIdx.x == 0) pair = pack(-FLT_MAX, 0.0f);
    __syncthreads();  // nobody merges before the pair is set
    float top = -FLT_MAX, sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) {
        const float higher = fmaxf(top, x[c]);
        sum = sum * expf(top - higher) + expf(x[c] - higher);
        top = higher;
    }
    unsigned long long seen = pack(-FLT_MAX, 0.0f), expected;
    do {
        expected = seen;
        const float a = __uint_as_float(unsigned(expected >> 32)), b = __uint_as_float(unsigned(expected));
        const float higher = fmaxf(a, top);
        seen = atomicCAS(&pair, expected, pack(higher, b * expf(a - higher) + sum * expf(top - higher)));
    } while (seen != expected);
    __syncthreads();  // all have merged
    if (threadIdx.x == 0) {
        m[blockIdx.x] = __uint_as_float(unsigned(pair >> 32));
        l[blockIdx.x] = __uint_as_float(unsigned(pair));
    }
}

extern "C" cudaError_t launch_online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols,
                                             cudaStream_t stream) {
    online_softmax<<<unsigned(rows), BLOCK, 0, stream>>>(x, m, l, cols);
    return cudaGetLastError();
}
