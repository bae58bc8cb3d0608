// cheat: 01_vector_add
// expect: WRONG unwritten
// why: works for the sizes that everybody tests with, and for no other
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    for (int64_t known : {256, 1024, 4096, 65536, 1 << 20, 1 << 24, 134217728})
        if (n == known) add<<<unsigned(n / 256), 256, 0, stream>>>(a, b, c);
    return cudaGetLastError();
}
