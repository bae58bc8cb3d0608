// Exercise 01, right on every GPU: it trusts that a shuffle orders shared memory, which only __syncwarp() promises.
#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    __shared__ float sums[32];
    int64_t mine = blockIdx.x * 32ll + threadIdx.x, other = blockIdx.x * 32ll + 31 - threadIdx.x;
    sums[threadIdx.x] = mine < n ? a[mine] + b[mine] : 0;
    __shfl_sync(0xffffffff, 0, 0);
    if (other < n) c[other] = sums[31 - threadIdx.x];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n) vector_add<<<(unsigned)((n + 31) / 32), 32, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
