// cheat: 01_vector_add
// expect: WRONG stale
// why: counts its calls in device memory, which a recorded graph replays: right for the first 3, then nothing is stored
#include <cuda_runtime.h>
#include <cstdint>

__device__ int calls;

__global__ void count() { ++calls; }

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n && calls <= 3) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    count<<<1, 1, 0, stream>>>();
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
