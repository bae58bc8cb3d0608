// cheat: 01_vector_add
// expect: UNSAFE stream
// why: launches on the default stream, which a timer on the caller's stream does not see
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256>>>(a, b, c, n);
    return cudaGetLastError();
}
