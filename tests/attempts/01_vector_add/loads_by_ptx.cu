// expect: PASS | SLOW
// expect(simulator): NOT_RUN
// why: right, but it loads by an instruction of PTX that the simulator does not have: that is no mistake
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float streamed(const float* p) {
    float value;
    asm("ld.global.nc.L1::no_allocate.f32 %0, [%1];" : "=f"(value) : "l"(p));
    return value;
}

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (i < n) c[i] = streamed(a + i) + streamed(b + i);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    vector_add<<<static_cast<unsigned>((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
