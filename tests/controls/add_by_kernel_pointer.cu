// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: launched with cudaLaunchKernel and an array of arguments instead of <<<>>>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    void* arguments[] = {&a, &b, &c, &n};
    return cudaLaunchKernel((void*)add, dim3(unsigned((n + 255) / 256)), dim3(256), arguments, 0, stream);
}
