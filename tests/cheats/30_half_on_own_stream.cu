// cheat: 01_vector_add
// expect: UNSAFE stream
// why: as 30_own_stream, but the first half stays on the caller's stream, so that something is recorded there
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static cudaStream_t own = nullptr;
    if (n == 0) return cudaSuccess;
    if (!own)
        if (cudaError_t error = cudaStreamCreateWithFlags(&own, cudaStreamNonBlocking)) return error;
    const int64_t half = (n + 1) / 2;
    add<<<unsigned((half + 255) / 256), 256, 0, stream>>>(a, b, c, half);
    if (n > half) add<<<unsigned((n - half + 255) / 256), 256, 0, own>>>(a + half, b + half, c + half, n - half);
    return cudaGetLastError();
}
