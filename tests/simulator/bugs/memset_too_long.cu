// expect: oob 5
#include <cuda_runtime.h>

extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaMemsetAsync(out, 0, (n + 1) * sizeof(float), stream);
  return cudaGetLastError();
}
