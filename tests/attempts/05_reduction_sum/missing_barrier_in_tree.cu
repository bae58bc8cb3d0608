// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: no barrier between the steps of the tree: a warp adds what another has not written yet
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = BLOCK;  // so that one block adds up all the sums

// The block's sum, for every thread.
__device__ float block_sum(float v) {
    __shared__ float shared[BLOCK];
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    __syncthreads();
    return shared[0];
}

__device__ float share(const float* x, int64_t n) {
    float sum = 0.0f;
    for (int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x; i < n; i += int64_t{GRID} * BLOCK) sum += x[i];
    return sum;
}

__global__ void partial_sums(const float* x, int64_t n, float* sums) {
    const float sum = block_sum(share(x, n));
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    float* sums = static_cast<float*>(ws);
    partial_sums<<<GRID, BLOCK, 0, stream>>>(x, n, sums);
    partial_sums<<<1, BLOCK, 0, stream>>>(sums, GRID, out);
    return cudaGetLastError();
}
