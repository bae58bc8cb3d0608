// cheat: 01_vector_add
// expect(simulator): PASS
// expect(cuda): PASS | SLOW | NOISY
// why: dawdles in its first calls, so that a timer that plans its repeats by them makes few; the answer is right
#include <cuda_runtime.h>
#include <cstdint>

__device__ int calls;

__global__ void dawdle() {
    if (++calls > 4) return;
    for (const long long start = clock64(); clock64() - start < 2000000;) {}
}

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    dawdle<<<1, 1, 0, stream>>>();
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
