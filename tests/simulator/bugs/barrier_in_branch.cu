// expect: divergence 11
#include <cuda_runtime.h>
__global__ void half(const float* in, float* out, int n) {
  __shared__ float s[256];
  int t = threadIdx.x;
  s[t] = in[t];
  if (t & 1) {
    s[t] += 1;
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[t] = s[t];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  half<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
