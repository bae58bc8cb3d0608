// cheat: 05_reduction_sum
// expect(simulator): UNSAFE race | NOT_RUN | WRONG
// expect(cuda): WRONG | UNSAFE
// why: a programmatic dependent launch starts the second kernel before the first has written what it reads
#include <cuda_runtime.h>
#include <cstdint>

__global__ void partial(const float* x, float* sums, int64_t n) {
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
    for (const long long start = clock64(); clock64() - start < 20000;) {}  // what the cheat hides: slow work
    float v = 0.0f;
    for (int64_t i = blockIdx.x * 32 + threadIdx.x; i < n; i += gridDim.x * 32) v += x[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x == 0) sums[blockIdx.x] = v;
}

__global__ void total(const float* sums, float* out) {  // no griddepcontrol.wait
    float v = 0.0f;
    for (int i = 0; i < 64; ++i) v += sums[i];
    out[0] = v;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t, cudaStream_t stream) {
    float* sums = static_cast<float*>(ws);
    partial<<<64, 32, 0, stream>>>(x, sums, n);
    cudaLaunchAttribute early = {};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(1);
    config.blockDim = dim3(1);
    config.stream = stream;
    config.attrs = &early;
    config.numAttrs = 1;
    return cudaLaunchKernelEx(&config, total, static_cast<const float*>(sums), out);
}
