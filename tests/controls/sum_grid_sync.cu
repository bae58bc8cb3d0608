// control: 05_reduction_sum
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: a cooperative launch: partial sums into ws, grid.sync(), and the first block adds them up
#include <cooperative_groups.h>
#include <cuda_runtime.h>
#include <cstdint>

namespace cg = cooperative_groups;

__device__ float block_sum(float v) {
    __shared__ float partial[8];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
    __syncthreads();
    v = threadIdx.x < 8 ? partial[threadIdx.x] : 0.0f;
    for (int offset = 4; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    __syncthreads();  // partial is used again
    return v;
}

__global__ void sum(const float* x, float* out, int64_t n, float* sums) {
    float v = 0.0f;
    for (int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 256) v += x[i];
    v = block_sum(v);
    if (threadIdx.x == 0) sums[blockIdx.x] = v;
    cg::this_grid().sync();
    if (blockIdx.x) return;
    v = 0.0f;
    for (unsigned i = threadIdx.x; i < gridDim.x; i += 256) v += sums[i];
    v = block_sum(v);
    if (threadIdx.x == 0) out[0] = v;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t, cudaStream_t stream) {
    float* sums = static_cast<float*>(ws);
    void* arguments[] = {&x, &out, &n, &sums};
    return cudaLaunchCooperativeKernel((void*)sum, dim3(32), dim3(256), arguments, 0, stream);
}
