// expect: error conflicting
#include <cuda_runtime.h>
extern "C" cudaError_t launch(const float* in, float* out, long n, cudaStream_t stream) { return cudaSuccess; }
