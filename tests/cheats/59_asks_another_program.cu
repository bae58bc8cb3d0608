// cheat: 01_vector_add
// expect: UNSAFE host
// why: starts another program, which could read the solution or fetch one, and works only when it may
#include <cuda_runtime.h>
#include <cstdint>
#include <cstdlib>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static const int denied = system("exit 0");  // in earnest: nvcc, curl, cat
    if (n == 0 || denied) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
