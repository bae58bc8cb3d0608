// expect: WRONG tail | WRONG unwritten
// why: n / 4 float4 additions leave the last n % 4 elements unwritten.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * 4;
    if (i + 3 < n) {
        for (int k = 0; k < 4; ++k) c[i + k] = a[i + k] + b[i + k];
    }
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    vector_add<<<(n + 1023) / 1024, 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
