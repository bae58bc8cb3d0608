// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: a block of 4 x 8 x 5 threads in a grid of x by 3 by 2 blocks, flattened by hand
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t block = blockIdx.x + int64_t(gridDim.x) * (blockIdx.y + gridDim.y * blockIdx.z);
    const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    const int64_t i = block * (blockDim.x * blockDim.y * blockDim.z) + thread;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t blocks = (n + 159) / 160;
    add<<<dim3(unsigned((blocks + 5) / 6), 3, 2), dim3(4, 8, 5), 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
