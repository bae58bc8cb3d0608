// expect: race 7
#include <cuda_runtime.h>
__global__ void reverse(const float* in, float* out, int n) {
  __shared__ float s[256];
  int t = threadIdx.x;
  s[t] = in[t];
  out[t] = s[n - 1 - t];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  reverse<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
