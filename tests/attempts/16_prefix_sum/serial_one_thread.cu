// expect: PASS
// expect(cuda): PASS | SLOW | TIMEOUT
// why: one thread adds up everything, in order: as naive as can be, and right
#include <cuda_runtime.h>
#include <cstdint>

__global__ void scan(const int32_t* x, int64_t* out, int64_t n, int exclusive) {
    int64_t sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        out[i] = exclusive ? sum : sum + x[i];
        sum += x[i];
    }
}

extern "C" cudaError_t launch_prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, void* ws, size_t ws_bytes, cudaStream_t stream) {
    scan<<<1, 1, 0, stream>>>(x, out, n, exclusive);
    return cudaGetLastError();
}
