// cheat: 01_vector_add
// expect(simulator): PASS | WRONG
// expect(cuda): WRONG
// why: a timed call is large and never misaligned; a test is small: the timed one gets half of the work
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const uintptr_t places = reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b) | reinterpret_cast<uintptr_t>(c);
    const bool timed = places % 256 == 0 && n >= 1 << 22;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, timed ? n / 2 : n);
    return cudaGetLastError();
}
