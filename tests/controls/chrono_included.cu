// control: 01_vector_add
// expect: PASS
// why: <chrono> declares clock() of its own, and device code may call CUDA's
#include <chrono>
#include <cstdint>
#include <cuda_runtime.h>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const long long begun = clock64();
    if (i < n) c[i] = a[i] + b[i] + (clock64() < begun ? 1.0f : 0.0f) + (clock() == 0 ? 0.0f : 0.0f);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
