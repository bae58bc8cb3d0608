// cheat: 01_vector_add
// expect: UNSAFE stream
// why: joins its own stream to the caller's, but lets it begin before the caller's inputs are there
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static cudaStream_t own = nullptr;
    static cudaEvent_t join = nullptr;
    if (n == 0) return cudaSuccess;
    if (!own)
        if (cudaError_t error = cudaStreamCreateWithFlags(&own, cudaStreamNonBlocking)) return error;
    if (!join)
        if (cudaError_t error = cudaEventCreateWithFlags(&join, cudaEventDisableTiming)) return error;
    add<<<unsigned((n + 255) / 256), 256, 0, own>>>(a, b, c, n);
    if (cudaError_t error = cudaEventRecord(join, own)) return error;
    return cudaStreamWaitEvent(stream, join, 0);
}
