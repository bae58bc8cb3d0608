// expect: uninit 8
#include <cuda_runtime.h>
__global__ void tile(const float* in, float* out, int n) {
  __shared__ float s[258];
  int t = threadIdx.x;
  s[t + 1] = in[t];
  __syncthreads();
  out[t] = s[t] + s[t + 2];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  tile<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
