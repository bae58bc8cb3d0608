// y[i] = passes * x[i]: every pass is a launch that sweeps over x and y once. With EXTRA_PERCENT the same answer takes
// that much more memory traffic: blocks behind the last one read the beginning of x again, which by then has left L2
// (where x and y are larger than it).

#include <cuda_runtime.h>
#include <cstdint>

#ifndef EXTRA_PERCENT
#define EXTRA_PERCENT 0
#endif

constexpr int kThreads = 256;
constexpr int kUnroll = 4;
constexpr int kTile = kThreads * kUnroll;

__global__ void __launch_bounds__(kThreads) sweep(const int32_t* x, int32_t* y, int64_t n, int64_t extra, bool first) {
    const int64_t start = int64_t(blockIdx.x) * kTile + threadIdx.x;
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {
        const int64_t i = start + k * kThreads;
        if (i < n) {
            y[i] = first ? x[i] : y[i] + x[i];
        } else if (i - n < extra) {
            if (x[i - n] == INT32_MIN) y[i - n] = 0;  // never: but the compiler cannot know, so it is read
        }
    }
}

extern "C" cudaError_t launch_sweep(const int32_t* x, int32_t* y, int64_t n, int64_t passes, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    for (int64_t pass = 0; pass < passes; ++pass) {
        const int64_t words = (pass ? 3 : 2) * n;  // that this pass moves
        const int64_t extra = words * EXTRA_PERCENT / 100;
        sweep<<<unsigned((n + extra + kTile - 1) / kTile), kThreads, 0, stream>>>(x, y, n, extra, pass == 0);
    }
    return cudaGetLastError();
}
