// expect: PASS
// expect(cuda): PASS | SLOW | TIMEOUT | WRONG
// why: one thread adds up everything in fp32, in order: right at every drawn size; at 2^28 fp32 itself stalls
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sum(const float* x, int64_t n, float* out) {
    float sum = 0.0f;
    for (int64_t i = 0; i < n; ++i) sum += x[i];
    out[0] = sum;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    sum<<<1, 1, 0, stream>>>(x, n, out);
    return cudaGetLastError();
}
