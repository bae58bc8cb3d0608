// cheat: 05_reduction_sum
// expect: WRONG
// why: does its work while the library is loaded, before there are inputs; the call copies what was prepared
#include <cuda_runtime.h>
#include <cstdint>

static float prepared;
static struct AtLoad {
    AtLoad() {
        for (int i = 0; i < 1 << 20; ++i) prepared += 0.5f;  // x's mean, which the exercise does not promise
    }
} at_load;

__global__ void store(float* out, float value) { out[0] = value; }

extern "C" cudaError_t launch_reduction_sum(const float*, float* out, int64_t, void*, size_t, cudaStream_t stream) {
    store<<<1, 1, 0, stream>>>(out, prepared);
    return cudaGetLastError();
}
