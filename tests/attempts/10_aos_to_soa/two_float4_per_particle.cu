// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: both float4 of a particle in one thread, without staging, need only a cache that holds half a sector.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void aos_to_soa(const float4* aos, float* soa, int64_t n, float dt) {
    const int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (p >= n) return;
    const float4 a = aos[2 * p], b = aos[2 * p + 1];
    soa[p] = a.x + a.w * dt;
    soa[n + p] = a.y + b.x * dt;
    soa[2 * n + p] = a.z + b.y * dt;
    soa[3 * n + p] = a.w;
    soa[4 * n + p] = b.x;
    soa[5 * n + p] = b.y;
    soa[6 * n + p] = b.z;
    soa[7 * n + p] = b.w;
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    const int64_t blocks = (n + 127) / 128;
    aos_to_soa<<<unsigned(blocks), 128, 0, stream>>>(reinterpret_cast<const float4*>(aos), soa, n, dt);
    return cudaGetLastError();
}
