// expect: UNSAFE input
// why: the positions are advanced in aos first, which is not to be written.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void advance(float* aos, int64_t n, float dt) {
    const int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (p < n)
        for (int f = 0; f < 3; ++f) aos[8 * p + f] += aos[8 * p + f + 3] * dt;
}

__global__ void transpose(const float* aos, float* soa, int64_t n) {
    const int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (p < n)
        for (int f = 0; f < 8; ++f) soa[f * n + p] = aos[8 * p + f];
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    const unsigned blocks = unsigned((n + 255) / 256);
    advance<<<blocks, 256, 0, stream>>>(const_cast<float*>(aos), n, dt);
    transpose<<<blocks, 256, 0, stream>>>(aos, soa, n);
    return cudaGetLastError();
}
