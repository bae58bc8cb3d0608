// expect: WRONG
// why: every kept element draws its place from one counter: the order is that of the draws, not of x
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void append(const float* x, float threshold, float* out, int32_t* count, int64_t n) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (i < n && x[i] > threshold) out[atomicAdd(count, 1)] = x[i];
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(count, 0, sizeof(int32_t), stream)) return error;
    append<<<unsigned((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, threshold, out, count, n);
    return cudaGetLastError();
}
