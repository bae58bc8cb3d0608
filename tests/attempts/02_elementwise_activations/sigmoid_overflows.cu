// expect: WRONG overflow
// why: exp(x) / (1 + exp(x)) is inf / inf = NaN from x = 89 on.

#include <cuda_runtime.h>
#include <cstdint>

__device__ float activate(float x, int op) {
    switch (op) {
        case 0: return x < 0.0f ? 0.0f : x;
        case 1: return expf(x) / (1.0f + expf(x));
        case 2: return tanhf(x);
        case 3: return x / (1.0f + expf(-x));
        case 4: return 0.5f * x * (1.0f + erff(x * 0.70710678f));
        default: return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    }
}

__global__ void activation(const float* x, float* y, int64_t n, int op) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = activate(x[i], op);
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op,
                                                      cudaStream_t stream) {
    activation<<<unsigned((n + 255) / 256), 256, 0, stream>>>(x, y, n, op);
    return cudaGetLastError();
}
