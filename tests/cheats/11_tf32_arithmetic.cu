// cheat: 05_reduction_sum
// expect: WRONG precision
// why: rounds every element to TF32, ten bits of significand, as a tensor core would
#include <cuda_runtime.h>
#include <cstdint>

__device__ float tf32(float v) { return __uint_as_float((__float_as_uint(v) + 0x1000u) & 0xffffe000u); }

__global__ void sum(const float* x, float* out, int64_t n) {
    float v = 0.0f;
    for (int64_t i = threadIdx.x; i < n; i += 32) v += tf32(x[i]);
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x == 0) out[0] = tf32(v);
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    sum<<<1, 32, 0, stream>>>(x, out, n);
    return cudaGetLastError();
}
