// expect: race 8
#include <cuda_runtime.h>
__global__ void sum(const float* in, float* out, int n) {
  __shared__ float s[64];
  int t = threadIdx.x;
  float total = 0;
  for (int k = 0; k < n; k += 64) {
    s[t] = in[k + t];
    __syncthreads();
    for (int i = 0; i < 64; i++) total += s[i];
  }
  out[t] = total;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  sum<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
