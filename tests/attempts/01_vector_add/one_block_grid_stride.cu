// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one odd-sized block that walks the vectors with a stride is slow and right; n = 0 needs no special case.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    vector_add<<<1, 96, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
