// expect: PASS
// expect(cuda): PASS | SLOW | TIMEOUT
// why: one thread copies what passes, in order: as naive as can be, and right
#include <cuda_runtime.h>
#include <cstdint>

__global__ void compact(const float* x, float threshold, float* out, int32_t* count, int64_t n) {
    int kept = 0;
    for (int64_t i = 0; i < n; ++i)
        if (x[i] > threshold) out[kept++] = x[i];
    count[0] = kept;
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    compact<<<1, 1, 0, stream>>>(x, threshold, out, count, n);
    return cudaGetLastError();
}
