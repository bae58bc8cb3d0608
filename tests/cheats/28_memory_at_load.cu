// cheat: 05_reduction_sum
// expect: UNSAFE allocation
// why: allocates scratch memory while the library is loaded, where no call is watched, and keeps it between calls
#include <cuda_runtime.h>
#include <cstdint>

static float* scratch;
static struct AtLoad {
    AtLoad() { cudaMalloc(&scratch, 64 * sizeof(float)); }
} at_load;

__global__ void sum(const float* x, float* sums, int64_t n) {
    float v = 0.0f;
    for (int64_t i = blockIdx.x * 32 + threadIdx.x; i < n; i += gridDim.x * 32) v += x[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x == 0) sums[blockIdx.x] = v;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    sum<<<64, 32, 0, stream>>>(x, scratch, n);
    sum<<<1, 32, 0, stream>>>(scratch, out, 64);
    return cudaGetLastError();
}
