// expect: race 11
#include <cuda_runtime.h>
__global__ void sum(const float* in, float* out, int n) {
  __shared__ float s[64];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncthreads();
  if (t < 32) {
    volatile float* v = s;
    v[t] += v[t + 32];
    v[t] += v[t + 16];
    v[t] += v[t + 8];
  }
  if (t == 0) out[0] = s[0];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  sum<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
