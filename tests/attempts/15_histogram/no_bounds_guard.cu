// expect: UNSAFE oob
// expect(cuda): UNSAFE oob | CRASH
// why: the last block reads past the end of x, and counts what it finds there
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void histogram(const int32_t* x, int32_t* hist, int64_t n, int bins) {
    __shared__ int counts[8192];
    for (int b = threadIdx.x; b < bins; b += BLOCK) counts[b] = 0;
    __syncthreads();
    atomicAdd(&counts[x[blockIdx.x * int64_t{BLOCK} + threadIdx.x]], 1);
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += BLOCK)
        if (counts[b]) atomicAdd(&hist[b], counts[b]);
}

extern "C" cudaError_t launch_histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(hist, 0, bins * sizeof(int32_t), stream)) return error;
    if (n) histogram<<<unsigned((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, hist, n, bins);
    return cudaGetLastError();
}
