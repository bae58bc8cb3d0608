// expect: WRONG
// why: one block counts two bins in one word, 16 bits each: a bin of 65,536 elements runs over into its neighbour
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 1024;

__global__ void histogram(const int32_t* x, int32_t* hist, int64_t n, int bins) {
    __shared__ unsigned pairs[4096];
    for (int p = threadIdx.x; p < 4096; p += BLOCK) pairs[p] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < n; i += BLOCK) atomicAdd(&pairs[x[i] / 2], 1u << 16 * (x[i] % 2));
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += BLOCK) hist[b] = int(pairs[b / 2] >> 16 * (b % 2) & 0xffff);
}

extern "C" cudaError_t launch_histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, cudaStream_t stream) {
    histogram<<<1, BLOCK, 0, stream>>>(x, hist, n, bins);
    return cudaGetLastError();
}
