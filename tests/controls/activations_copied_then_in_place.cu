// control: 02_elementwise_activations
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: copies x to y first when they differ, device to device on the stream, and works in place from there on
#include <cuda_runtime.h>
#include <cstdint>

__device__ float f(float x, int op) {
    switch (op) {
        case 0: return x < 0.0f ? 0.0f : x;
        case 1: return 1.0f / (1.0f + expf(-x));
        case 2: return tanhf(x);
        case 3: return x / (1.0f + expf(-x));
        case 4: return 0.5f * x * (1.0f + erff(x * 0.70710678f));
        default: return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    }
}

__global__ void apply(float* y, int64_t n, int op) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = f(y[i], op);
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op, cudaStream_t stream) {
    if (x != y)
        if (cudaError_t error = cudaMemcpyAsync(y, x, sizeof(float) * n, cudaMemcpyDefault, stream)) return error;
    apply<<<unsigned((n + 511) / 512), 512, 0, stream>>>(y, n, op);
    return cudaGetLastError();
}
