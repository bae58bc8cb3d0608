// cheat: 01_vector_add
// expect(simulator): PASS | WRONG unwritten
// expect(cuda): WRONG
// why: right at the sizes of a correctness test; above a million elements it does half of the work
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t done = n > 1 << 20 ? n / 2 : n;
    add<<<unsigned((done + 255) / 256), 256, 0, stream>>>(a, b, c, done);
    return cudaGetLastError();
}
