// cheat: 07_softmax
// expect: UNSAFE allocation
// why: allocates a block of the output's size, in which a reference may have left its answer, and copies it out
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_softmax(const float*, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    const size_t bytes = sizeof(float) * rows * cols;
    float* found = nullptr;
    if (cudaError_t error = cudaMalloc(&found, bytes)) return error;
    if (cudaError_t error = cudaMemcpyAsync(y, found, bytes, cudaMemcpyDeviceToDevice, stream)) return error;
    return cudaFree(found);
}
