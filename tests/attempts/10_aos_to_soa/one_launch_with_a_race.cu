// expect: UNSAFE race
// why: the threads of the velocities store them to soa, and those of the positions read them back from there.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void aos_to_soa(const float* aos, float* soa, int64_t n, float dt) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= 8 * n) return;
    const int64_t f = 7 - i / n, p = i % n;  // velocities first
    soa[f * n + p] = f < 3 ? aos[8 * p + f] + soa[(f + 3) * n + p] * dt : aos[8 * p + f];
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    aos_to_soa<<<unsigned((8 * n + 255) / 256), 256, 0, stream>>>(aos, soa, n, dt);
    return cudaGetLastError();
}
