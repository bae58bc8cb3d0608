// expect: PASS
// expect(cuda): PASS | SLOW
// why: lanes with equal elements find each other with __match_any_sync, and the lowest of them adds for all; hist is cleared by a kernel
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = 64;

__global__ void clear(int32_t* hist, int bins) {
    const int b = blockIdx.x * BLOCK + threadIdx.x;
    if (b < bins) hist[b] = 0;
}

__global__ void histogram(const int32_t* x, int32_t* hist, int64_t n) {
    const unsigned lane = threadIdx.x % 32;
    // A warp's first element decides whether it goes round again, so all of its lanes do.
    for (int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x; i - lane < n; i += int64_t{GRID} * BLOCK) {
        const int bin = i < n ? x[i] : -1;
        const unsigned equal = __match_any_sync(0xffffffffu, bin);
        if (bin >= 0 && lane == unsigned(__ffs(equal) - 1)) atomicAdd(&hist[bin], __popc(equal));
    }
}

extern "C" cudaError_t launch_histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, cudaStream_t stream) {
    clear<<<(bins + BLOCK - 1) / BLOCK, BLOCK, 0, stream>>>(hist, bins);
    histogram<<<GRID, BLOCK, 0, stream>>>(x, hist, n);
    return cudaGetLastError();
}
