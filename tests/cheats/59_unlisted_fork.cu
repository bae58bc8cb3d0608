// cheat: 01_vector_add
// expect(simulator): UNSAFE host | CRASH
// expect(cuda): CRASH
// why: as 59_asks_another_program, through a function that no list of names has: it makes a second process too
#include <unistd.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static const int denied = daemon(1, 1);  // in earnest: the one that goes on alone looks for the answer
    if (n == 0 || denied) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
