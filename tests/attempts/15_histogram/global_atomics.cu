// expect: PASS
// expect(cuda): PASS | SLOW
// why: one atomicAdd into hist per element, with hist cleared on the stream: as slow as the hottest bin, and right
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 192;

__global__ void histogram(const int32_t* x, int32_t* hist, int64_t n) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (i < n) atomicAdd(&hist[x[i]], 1);
}

extern "C" cudaError_t launch_histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(hist, 0, bins * sizeof(int32_t), stream)) return error;
    if (n) histogram<<<unsigned((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, hist, n);
    return cudaGetLastError();
}
