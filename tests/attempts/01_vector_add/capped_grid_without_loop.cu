// expect: WRONG
// why: at most 1,024 blocks and no loop: what lies beyond element 262,144 is never added; the checked cases are smaller

#include <cuda_runtime.h>
#include <algorithm>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t blocks = std::min<int64_t>((n + 255) / 256, 1024);
    add<<<unsigned(blocks), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
