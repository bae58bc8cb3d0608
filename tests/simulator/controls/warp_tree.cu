// expect: silent
// n: 256
// out[0]: 2016
#include <cuda_runtime.h>
__global__ void sum(const float* in, float* out, int n) {
  __shared__ float s[64];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncthreads();
  if (t < 32) {
    float x = s[t] + s[t + 32];
    s[t] = x;
    __syncwarp();
    for (int o = 16; o; o >>= 1) {
      float y = s[t + o];
      __syncwarp();
      x += y;
      s[t] = x;
      __syncwarp();
    }
  }
  if (t == 0) out[0] = s[0];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  sum<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
