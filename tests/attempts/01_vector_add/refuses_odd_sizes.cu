// expect: CRASH
// why: the launcher returns an error for a size that it ought to handle
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void vector_add(const float4* a, const float4* b, float4* c, int64_t n) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (i < n) c[i] = make_float4(a[i].x + b[i].x, a[i].y + b[i].y, a[i].z + b[i].z, a[i].w + b[i].w);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    const bool aligned = (reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) | reinterpret_cast<uintptr_t>(c)) % 16 == 0;
    if (n % 4 || !aligned) return cudaErrorInvalidValue;
    if (n == 0) return cudaSuccess;
    const auto *a4 = reinterpret_cast<const float4*>(a), *b4 = reinterpret_cast<const float4*>(b);
    vector_add<<<static_cast<unsigned>((n / 4 + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(a4, b4, reinterpret_cast<float4*>(c), n / 4);
    return cudaGetLastError();
}
