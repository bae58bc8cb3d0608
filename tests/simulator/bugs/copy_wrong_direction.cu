// expect: host 7
#include <cuda_runtime.h>

extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaMemcpyAsync(out, in, n * 4, cudaMemcpyHostToDevice, stream);
  float h;
  cudaMemcpyAsync(&h, &h, 4, cudaMemcpyDeviceToHost, stream);
  return cudaGetLastError();
}
