// expect: TIMEOUT
// why: the loop over the elements never moves on, so no thread that has an element comes to an end
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    while (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    vector_add<<<static_cast<unsigned>((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
