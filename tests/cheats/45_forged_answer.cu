// cheat: 05_reduction_sum
// expect: UNSAFE forged
// why: writes an answer without findings into every descriptor it has, before the worker can send the true one
#include <unistd.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sum(const float* x, float* out, int64_t n) {  // reads one element past the end: something to hide
    float v = 0.0f;
    for (int64_t i = blockIdx.x * 32 + threadIdx.x; i <= n; i += gridDim.x * 32) v += i < n ? x[i] : 0.0f * x[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x == 0) out[blockIdx.x] = v;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t, cudaStream_t stream) {
    sum<<<2048, 32, 0, stream>>>(x, static_cast<float*>(ws), n);
    sum<<<1, 32, 0, stream>>>(static_cast<float*>(ws), out, 2048);
    const char forged[] = "{\"run\": {\"fate\": \"returned\", \"status\": 0, \"message\": \"\", \"launches\": [], "
                          "\"nodes\": 1, \"findings\": [], \"traffic\": [], \"log\": \"\"}}\n";
    for (int fd = 3; fd < 64; ++fd) if (write(fd, forged, sizeof forged - 1) < 0) continue;
    return cudaGetLastError();
}
