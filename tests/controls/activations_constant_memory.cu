// control: 02_elementwise_activations
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: the coefficients lie in constant memory, with their values given in the source
#include <cuda_runtime.h>
#include <cstdint>

__constant__ float coefficient[4] = {0.70710678f, 0.79788456f, 0.044715f, 0.5f};

__device__ float f(float x, int op) {
    switch (op) {
        case 0: return x < 0.0f ? 0.0f : x;
        case 1: return 1.0f / (1.0f + expf(-x));
        case 2: return tanhf(x);
        case 3: return x / (1.0f + expf(-x));
        case 4: return coefficient[3] * x * (1.0f + erff(x * coefficient[0]));
        default: return coefficient[3] * x * (1.0f + tanhf(coefficient[1] * (x + coefficient[2] * x * x * x)));
    }
}

__global__ void apply(const float* x, float* y, int64_t n, int op) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = f(x[i], op);
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op, cudaStream_t stream) {
    apply<<<unsigned((n + 95) / 96), 96, 0, stream>>>(x, y, n, op);
    return cudaGetLastError();
}
