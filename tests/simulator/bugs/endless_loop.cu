// expect: timeout
// seconds: 1
#include <cuda_runtime.h>
__global__ void spin(const float* in, float* out, int n) {
  int i = n;
  while (i != 1) {
    if (i & 1) i = 3 * i + 2;
    out[i & 127] = i;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  spin<<<1, 1, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
