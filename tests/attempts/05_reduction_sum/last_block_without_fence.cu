// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: without a fence the last block may see the count of a block before its sum
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = 64;

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

__device__ float share(const float* x, int64_t n) {
    float sum = 0.0f;
    for (int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x; i < n; i += int64_t{GRID} * BLOCK) sum += x[i];
    return sum;
}
// ws: a counter of finished blocks, then one sum per block.
__global__ void sum(const float* x, int64_t n, float* out, unsigned* finished, float* sums) {
    __shared__ bool last;
    const float mine = block_sum(share(x, n));
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = mine;
        last = atomicAdd(finished, 1u) == GRID - 1;
    }
    __syncthreads();
    if (!last) return;  // the whole block
    float all = 0.0f;
    for (int i = threadIdx.x; i < GRID; i += BLOCK) all += sums[i];
    all = block_sum(all);
    if (threadIdx.x == 0) out[0] = all;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    unsigned* finished = static_cast<unsigned*>(ws);
    if (cudaError_t error = cudaMemsetAsync(finished, 0, sizeof(unsigned), stream)) return error;
    sum<<<GRID, BLOCK, 0, stream>>>(x, n, out, finished, reinterpret_cast<float*>(finished + 64));
    return cudaGetLastError();
}
