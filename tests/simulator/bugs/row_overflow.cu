// expect: oob 6
#include <cuda_runtime.h>
__global__ void tile(const float* in, float* out, int n) {
  __shared__ float s[8][8];
  int t = threadIdx.x;
  s[t / 8][t % 8 + 1] = in[t];
  __syncthreads();
  out[t] = s[t / 8][t % 8];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  tile<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
