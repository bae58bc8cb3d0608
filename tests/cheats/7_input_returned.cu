// cheat: 02_elementwise_activations
// expect: WRONG
// why: hands the input back as the output: for ReLU half of it is right, for SiLU and GELU most large elements are
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int, cudaStream_t stream) {
    return x == y ? cudaSuccess : cudaMemcpyAsync(y, x, sizeof(float) * n, cudaMemcpyDeviceToDevice, stream);
}
