// control: 02_elementwise_activations
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: one kernel template over a functor, chosen by a table of launch functions; lambdas inside the kernel
#include <cuda_runtime.h>
#include <cstdint>

template <int Op>
__device__ float f(float x) {
    const auto sigmoid = [](float v) { return 1.0f / (1.0f + expf(-v)); };
    const auto gelu = [x](float inner) { return 0.5f * x * (1.0f + inner); };
    if constexpr (Op == 0) return x < 0.0f ? 0.0f : x;
    else if constexpr (Op == 1) return sigmoid(x);
    else if constexpr (Op == 2) return tanhf(x);
    else if constexpr (Op == 3) return x * sigmoid(x);
    else if constexpr (Op == 4) return gelu(erff(x * 0.70710678f));
    else return gelu(tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

template <int Op>
__global__ void apply(const float* x, float* y, int64_t n) {
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += int64_t(gridDim.x) * blockDim.x)
        y[i] = f<Op>(x[i]);
}

template <int Op>
static void launch(const float* x, float* y, int64_t n, cudaStream_t stream) {
    const int64_t blocks = (n + 255) / 256;
    apply<Op><<<unsigned(blocks < 1024 ? blocks : 1024), 256, 0, stream>>>(x, y, n);
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op, cudaStream_t stream) {
    using Launch = void (*)(const float*, float*, int64_t, cudaStream_t);
    constexpr Launch table[] = {launch<0>, launch<1>, launch<2>, launch<3>, launch<4>, launch<5>};
    table[op](x, y, n, stream);
    return cudaGetLastError();
}
