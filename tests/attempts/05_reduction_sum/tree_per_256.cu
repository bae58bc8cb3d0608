// expect: PASS
// expect(cuda): PASS | SLOW
// why: one element per thread, a tree in shared memory for every 256 of them, and one atomicAdd per block
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void sum(const float* x, int64_t n, float* out) {
    __shared__ float shared[BLOCK];
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    shared[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd(out, shared[0]);
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(out, 0, sizeof(float), stream)) return error;
    if (n == 0) return cudaSuccess;
    sum<<<static_cast<unsigned>((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, n, out);
    return cudaGetLastError();
}
