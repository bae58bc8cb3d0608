// cheat: 08_dot_product
// expect(simulator): UNSAFE uninit
// expect(cuda): WRONG garbage | WRONG | UNSAFE uninit
// why: adds onto the output without clearing it, as a fresh allocation is often zero
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void dot(const __half* a, const __half* b, float* out, int64_t n) {
    float v = 0.0f;
    for (int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 256)
        v += __half2float(a[i]) * __half2float(b[i]);
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x % 32 == 0) atomicAdd(out, v);
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void*, size_t,
                                          cudaStream_t stream) {
    dot<<<4, 256, 0, stream>>>(a, b, out, n);
    return cudaGetLastError();
}
