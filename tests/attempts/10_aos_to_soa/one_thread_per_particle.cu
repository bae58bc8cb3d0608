// expect(cuda): PASS | SLOW
// expect(simulator): SLOW coalescing
// why: strided reads are slow and right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void aos_to_soa(const float* aos, float* soa, int64_t n, float dt) {
    const int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (p >= n) return;
    const float* from = aos + 8 * p;
    for (int f = 0; f < 8; ++f) soa[f * n + p] = f < 3 ? from[f] + from[f + 3] * dt : from[f];
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    aos_to_soa<<<unsigned((n + 255) / 256), 256, 0, stream>>>(aos, soa, n, dt);
    return cudaGetLastError();
}
