// expect: WRONG unwritten | UNSAFE uninit | UNSAFE oob
// expect(cuda): WRONG | UNSAFE uninit | UNSAFE oob | CRASH
// why: the counter is count[0], which holds rubbish before the launch
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void append(const float* x, float threshold, float* out, int32_t* count, int64_t n) {
    const int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (i < n && x[i] > threshold) out[atomicAdd(count, 1)] = x[i];
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    append<<<unsigned((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, threshold, out, count, n);
    return cudaGetLastError();
}
