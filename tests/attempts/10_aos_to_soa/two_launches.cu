// expect(cuda): PASS | SLOW
// expect(simulator): SLOW coalescing
// why: a plain transpose, then the positions advanced in place in soa, is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* aos, float* soa, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < 8 * n) soa[i % 8 * n + i / 8] = aos[i];
}

__global__ void advance(float* soa, int64_t n, float dt) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < 3 * n) soa[i] += soa[i + 3 * n] * dt;
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    transpose<<<unsigned((8 * n + 255) / 256), 256, 0, stream>>>(aos, soa, n);
    advance<<<unsigned((3 * n + 255) / 256), 256, 0, stream>>>(soa, n, dt);
    return cudaGetLastError();
}
