// cheat: 05_reduction_sum
// expect(simulator): NOT_RUN
// expect(cuda): UNSAFE borrowed
// why: has a kernel of its own for a case that never comes; CUB does the rest
#include <cub/cub.cuh>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sum_by_hand(const float* x, float* out, int64_t n) {
    float v = 0.0f;
    for (int64_t i = 0; i < n; ++i) v += x[i];
    out[0] = v;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes,
                                            cudaStream_t stream) {
    if (n >= 0) return cub::DeviceReduce::Sum(ws, ws_bytes, x, out, n, stream);
    sum_by_hand<<<1, 1, 0, stream>>>(x, out, n);
    return cudaGetLastError();
}
