// expect: host 6
#include <cuda_runtime.h>

extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  int* p = nullptr;
  if (n) *(volatile int*)p = 1;
  return cudaGetLastError();
}
