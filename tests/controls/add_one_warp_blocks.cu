// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: blocks of one warp, four elements a thread, and a guard for each of them
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t first = int64_t(blockIdx.x) * 128 + threadIdx.x;
#pragma unroll
    for (int k = 0; k < 4; ++k)
        if (first + 32 * k < n) c[first + 32 * k] = a[first + 32 * k] + b[first + 32 * k];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 127) / 128), 32, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
