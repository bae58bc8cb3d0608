// expect: WRONG tail
// why: one block of 1024 threads and no loop: elements from 1024 on are never written.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    vector_add<<<1, 1024, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
