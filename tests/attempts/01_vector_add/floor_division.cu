// expect: WRONG tail
// why: n / 256 blocks and not (n + 255) / 256: the last partial block is never launched.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    const int64_t blocks = n < 256 ? 1 : n / 256;
    vector_add<<<blocks, 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
