// 10 AoS to SoA: particles of 8 floats each become 8 arrays, and their positions advance by v * dt.
//
// aos is (n, 8) fp32 in device memory: x, y, z, vx, vy, vz, q, m of particle 0, then of particle 1, and so on.
// soa is (8, n) fp32: all x + vx * dt, then all y + vy * dt, all z + vz * dt, all vx, all vy, all vz, all q, all m.
// Run it with:  python -m grader run 10_aos_to_soa

#include <cuda_runtime.h>
#include <cstdint>

__global__ void aos_to_soa(const float* aos, float* soa, int64_t n, float dt) {
    // TODO: read the particles as they lie in memory, and write each field next to its neighbours'.
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // aos_to_soa<<<grid, block, 0, stream>>>(aos, soa, n, dt);
    return cudaGetLastError();
}
