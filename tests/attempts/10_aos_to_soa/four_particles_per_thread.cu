// expect(cuda): PASS | SLOW
// expect(simulator): SLOW coalescing
// why: four particles per thread, with float4 stores where n allows them, are right.

#include <cuda_runtime.h>
#include <cstdint>

// Four particles per thread, so that each field is one float4.
__global__ void aos_to_soa(const float* aos, float* soa, int64_t n, float dt) {
    const int64_t p = 4 * (int64_t(blockIdx.x) * blockDim.x + threadIdx.x);
    if (p >= n) return;
    for (int f = 0; f < 8; ++f) {
        float v[4] = {};
        for (int k = 0; k < 4; ++k)
            if (p + k < n) {
                const float* from = aos + 8 * (p + k);
                v[k] = f < 3 ? from[f] + from[f + 3] * dt : from[f];
            }
        float* to = soa + f * n + p;
        if (p + 4 <= n && n % 4 == 0)
            *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
        else
            for (int k = 0; k < 4 && p + k < n; ++k) to[k] = v[k];
    }
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    aos_to_soa<<<unsigned((n + 255) / 256), 64, 0, stream>>>(aos, soa, n, dt);
    return cudaGetLastError();
}
