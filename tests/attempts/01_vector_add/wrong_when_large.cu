// expect(cuda): WRONG
// expect(simulator): PASS
// why: above 2^26 elements only the first half is added, which no small case shows; every timed call is checked in full

#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    if (n > (int64_t(1) << 26)) n /= 2;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
