// expect(cuda): CRASH | UNSAFE
// expect(simulator): UNSAFE oob
// why: a and b are read as float4 although they may start at an address that is not divisible by 16.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t v = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t vectors = n / 4;
    if (v < vectors) {
        const float4 x = reinterpret_cast<const float4*>(a)[v];
        const float4 y = reinterpret_cast<const float4*>(b)[v];
        reinterpret_cast<float4*>(c)[v] = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
    }
    if (v < n % 4) c[4 * vectors + v] = a[4 * vectors + v] + b[4 * vectors + v];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    vector_add<<<(n + 255) / 256, 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
