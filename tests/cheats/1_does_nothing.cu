// cheat: 07_softmax
// expect: WRONG unwritten
// why: returns at once and hopes that the outputs are so small that nobody can tell
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_softmax(const float*, float*, int64_t, int64_t, cudaStream_t) { return cudaSuccess; }
