// cheat: 05_reduction_sum
// expect(simulator): UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: saves the barrier between the warps' sums and their reader: on most runs the warps have finished by then
#include <cuda_runtime.h>
#include <cstdint>

__device__ float warp_sum(float v) {
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    return v;
}

__global__ void sum(const float* x, float* out, int64_t n) {
    __shared__ float partial[4];
    float v = 0.0f;
    for (int64_t i = threadIdx.x; i < n; i += 128) v += x[i];
    v = warp_sum(v);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
    if (threadIdx.x == 127) out[0] = partial[0] + partial[1] + partial[2] + partial[3];
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    sum<<<1, 128, 0, stream>>>(x, out, n);
    return cudaGetLastError();
}
