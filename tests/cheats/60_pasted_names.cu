// cheat: 01_vector_add
// expect: UNSAFE allocation
// why: puts the name of a forbidden call together with the preprocessor, so that no search of the text finds it
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

#define JOIN(left, right) left##right

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    float* scratch = nullptr;
    if (n == 0) return cudaSuccess;
    if (cudaError_t error = JOIN(cuda, Malloc)(&scratch, sizeof(float) * n)) return error;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, scratch, n);
    if (cudaError_t error = cudaMemcpyAsync(c, scratch, sizeof(float) * n, cudaMemcpyDeviceToDevice, stream)) return error;
    return JOIN(cuda, Free)(scratch);
}
