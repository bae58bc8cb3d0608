// expect: UNSAFE uninit
// expect(cuda): UNSAFE uninit | WRONG
// why: the blocks add to hist, which holds rubbish before the launch
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = 64;

__global__ void histogram(const int32_t* x, int32_t* hist, int64_t n, int bins) {
    __shared__ int counts[8192];
    for (int b = threadIdx.x; b < bins; b += BLOCK) counts[b] = 0;
    __syncthreads();
    for (int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x; i < n; i += int64_t{GRID} * BLOCK) atomicAdd(&counts[x[i]], 1);
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += BLOCK)
        atomicAdd(&hist[b], counts[b]);
}

extern "C" cudaError_t launch_histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, cudaStream_t stream) {
    histogram<<<GRID, BLOCK, 0, stream>>>(x, hist, n, bins);
    return cudaGetLastError();
}
