// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one float4 of each input per thread, where all three begin at a multiple of 16 bytes, is right.

#include <cuda_runtime.h>
#include <cstdint>

// width: elements per thread, 4 or 1; the last thread takes what is left.
__global__ void vector_add(const float* a, const float* b, float* c, int64_t n, int width) {
    const int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * width;
    if (width == 4 && i + 4 <= n) {
        const float4 x = *reinterpret_cast<const float4*>(a + i), y = *reinterpret_cast<const float4*>(b + i);
        *reinterpret_cast<float4*>(c + i) = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
    } else {
        for (int64_t k = i; k < i + width && k < n; ++k) c[k] = a[k] + b[k];
    }
}

static bool aligned(const float* p) { return reinterpret_cast<uintptr_t>(p) % sizeof(float4) == 0; }

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int width = aligned(a) && aligned(b) && aligned(c) ? 4 : 1;
    const int64_t threads = (n + width - 1) / width;
    vector_add<<<unsigned((threads + 255) / 256), 256, 0, stream>>>(a, b, c, n, width);
    return cudaGetLastError();
}
