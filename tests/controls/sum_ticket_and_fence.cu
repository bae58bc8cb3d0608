// control: 05_reduction_sum
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: the block that draws the last ticket adds up, with the tickets cleared by cudaMemsetAsync and volatile reads
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sum(const float* x, float* out, int64_t n, unsigned* ticket, volatile float* sums) {
    float v = 0.0f;
    for (int64_t i = int64_t(blockIdx.x) * 32 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 32) v += x[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    unsigned drawn = 0;
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = v;
        __threadfence();
        drawn = atomicAdd(ticket, 1u);
    }
    drawn = __shfl_sync(0xffffffffu, drawn, 0);
    if (drawn != gridDim.x - 1) return;  // the whole warp, which is the whole block
    __threadfence();
    v = 0.0f;
    for (unsigned i = threadIdx.x; i < gridDim.x; i += 32) v += sums[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x == 0) *out = v;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t, cudaStream_t stream) {
    unsigned* ticket = static_cast<unsigned*>(ws);
    if (cudaError_t error = cudaMemsetAsync(ticket, 0, sizeof *ticket, stream)) return error;
    sum<<<256, 32, 0, stream>>>(x, out, n, ticket, reinterpret_cast<float*>(ticket) + 1);
    return cudaGetLastError();
}
