// cheat: 07_softmax
// expect: WRONG zero
// why: sets all of y to 0: an absolute tolerance would swallow the probabilities of a long row
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_softmax(const float*, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    return cudaMemsetAsync(y, 0, sizeof(float) * rows * cols, stream);
}
