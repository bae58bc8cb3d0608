// expect: PASS
// expect(cuda): PASS | SLOW | TIMEOUT | WRONG
// why: one thread adds up everything in fp32, in order: right at every drawn size; at 2^28 fp32 itself stalls
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void dot(const __half* a, const __half* b, int64_t n, float* out) {
    float sum = 0.0f;
    for (int64_t i = 0; i < n; ++i) sum += __half2float(a[i]) * __half2float(b[i]);
    out[0] = sum;
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    dot<<<1, 1, 0, stream>>>(a, b, n, out);
    return cudaGetLastError();
}
