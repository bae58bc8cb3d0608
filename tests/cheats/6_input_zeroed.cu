// cheat: 01_vector_add
// expect: UNSAFE input
// why: zeroes the inputs, so that a reference that runs afterwards agrees with an output of zeros
#include <cuda_runtime.h>
#include <cstdint>

__global__ void zero(float* a, float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) a[i] = b[i] = c[i] = 0.0f;
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    zero<<<unsigned((n + 255) / 256), 256, 0, stream>>>(const_cast<float*>(a), const_cast<float*>(b), c, n);
    return cudaGetLastError();
}
