// expect: UNSAFE oob
// expect(cuda): UNSAFE oob | WRONG
// why: the last block reads past the end of x
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

// The block's sum, for every thread.
__device__ float block_sum(float v) {
    __shared__ float shared[BLOCK];
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

__global__ void partial_sums(const float* x, float* sums) {
    const float sum = block_sum(x[blockIdx.x * int64_t{BLOCK} + threadIdx.x]);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void add_up(const float* sums, int64_t count, float* out) {
    float sum = 0.0f;
    for (int64_t i = threadIdx.x; i < count; i += BLOCK) sum += sums[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    float* sums = static_cast<float*>(ws);
    const int64_t grid = (n + BLOCK - 1) / BLOCK;
    if (grid > 0) partial_sums<<<static_cast<unsigned>(grid), BLOCK, 0, stream>>>(x, sums);
    add_up<<<1, BLOCK, 0, stream>>>(sums, grid, out);
    return cudaGetLastError();
}
