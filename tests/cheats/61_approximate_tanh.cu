// cheat: 02_elementwise_activations
// expect(simulator): PASS
// expect(cuda): WRONG
// why: uses the hardware's tanh, good to 11 bits, that no compiler flag would choose; the simulator's is exact
#include <cuda_runtime.h>
#include <cstdint>

__device__ float tanh_approx(float x) {
    float y;
    asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ float f(float x, int op) {
    switch (op) {
        case 0: return x < 0.0f ? 0.0f : x;
        case 1: return 1.0f / (1.0f + expf(-x));
        case 2: return tanh_approx(x);
        case 3: return x / (1.0f + expf(-x));
        case 4: return 0.5f * x * (1.0f + erff(x * 0.70710678f));
        default: return 0.5f * x * (1.0f + tanh_approx(0.79788456f * (x + 0.044715f * x * x * x)));
    }
}

__global__ void apply(const float* x, float* y, int64_t n, int op) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = f(x[i], op);
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op, cudaStream_t stream) {
    apply<<<unsigned((n + 255) / 256), 256, 0, stream>>>(x, y, n, op);
    return cudaGetLastError();
}
