// expect: timeout
// seconds: 1
#include <cuda_runtime.h>
__global__ void spin(const float* in, float* out, int n) {
  unsigned i = n;
  while (i != 1) {
    i = i * 3 + 1;
    i |= 2;
  }
  out[0] = i;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  spin<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
