// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a kernel for each function, one element per thread, is right.

#include <cuda_runtime.h>
#include <cstdint>

template <int OP>
__device__ float activate(float x) {
    if constexpr (OP == 0) return x < 0.0f ? 0.0f : x;
    if constexpr (OP == 1) return 1.0f / (1.0f + expf(-x));
    if constexpr (OP == 2) return tanhf(x);
    if constexpr (OP == 3) return x / (1.0f + expf(-x));
    if constexpr (OP == 4) return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    if constexpr (OP == 5) return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

template <int OP>
__global__ void activation(const float* x, float* y, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) y[i] = activate<OP>(x[i]);
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op,
                                                      cudaStream_t stream) {
    const unsigned blocks = unsigned((n + 255) / 256);
    switch (op) {
        case 0: activation<0><<<blocks, 256, 0, stream>>>(x, y, n); break;
        case 1: activation<1><<<blocks, 256, 0, stream>>>(x, y, n); break;
        case 2: activation<2><<<blocks, 256, 0, stream>>>(x, y, n); break;
        case 3: activation<3><<<blocks, 256, 0, stream>>>(x, y, n); break;
        case 4: activation<4><<<blocks, 256, 0, stream>>>(x, y, n); break;
        default: activation<5><<<blocks, 256, 0, stream>>>(x, y, n); break;
    }
    return cudaGetLastError();
}
