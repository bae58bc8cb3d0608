// expect: PASS
// expect(cuda): PASS | SLOW
// why: a grid that fills the chip, one float4 per thread and step, and one atomicAdd per block
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = 1056;  // 8 blocks for each of 132 SMs

__global__ void sum(const float* x, int64_t n, float* out) {
    __shared__ float shared[BLOCK];
    const float4* packs = reinterpret_cast<const float4*>(x);
    const int64_t first = blockIdx.x * int64_t{BLOCK} + threadIdx.x, stride = int64_t{GRID} * BLOCK;
    float mine = 0.0f;
    for (int64_t i = first; i < n / 4; i += stride) {
        const float4 v = packs[i];
        mine += (v.x + v.y) + (v.z + v.w);
    }
    if (first < n % 4) mine += x[n / 4 * 4 + first];
    shared[threadIdx.x] = mine;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd(out, shared[0]);
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(out, 0, sizeof(float), stream)) return error;
    sum<<<GRID, BLOCK, 0, stream>>>(x, n, out);
    return cudaGetLastError();
}
