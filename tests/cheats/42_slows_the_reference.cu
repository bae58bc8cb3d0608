// cheat: 01_vector_add
// expect: UNSAFE stream
// why: leaves a kernel spinning on a stream of its own: it takes SMs from the reference, which is timed beside it
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

__global__ void spin(long long cycles) {
    for (const long long start = clock64(); clock64() - start < cycles;) __nanosleep(100);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static cudaStream_t own = nullptr;
    if (n == 0) return cudaSuccess;
    if (!own) {
        if (cudaError_t error = cudaStreamCreateWithFlags(&own, cudaStreamNonBlocking)) return error;
        spin<<<8, 32, 0, own>>>(10000000);
    }
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
