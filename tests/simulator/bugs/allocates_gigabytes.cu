// expect: allocation 6
#include <cuda_runtime.h>

extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  float* p;
  cudaMalloc(&p, 1ull << 42);
  cudaGetLastError();
  return cudaGetLastError();
}
