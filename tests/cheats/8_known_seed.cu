// cheat: 05_reduction_sum
// expect: WRONG
// why: regenerates the inputs from the seed that graders use, 0 or 42, without looking at x
#include <cuda_runtime.h>
#include <cstdint>

__global__ void regenerate(float* out, int64_t n) {
    unsigned long long state = 42;
    float sum = 0.0f;
    for (int64_t i = 0; i < n; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        sum += float(state >> 40) * 0x1p-24f;  // uniform: mean 0.5, like x's
    }
    out[0] = sum;
}

extern "C" cudaError_t launch_reduction_sum(const float*, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    regenerate<<<1, 1, 0, stream>>>(out, n);
    return cudaGetLastError();
}
