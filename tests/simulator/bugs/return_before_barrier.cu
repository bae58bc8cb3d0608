// expect: divergence 9
// n: 200
#include <cuda_runtime.h>
__global__ void copy(const float* in, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  __shared__ float s[128];
  s[threadIdx.x] = in[i];
  __syncthreads();
  out[i] = s[threadIdx.x];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  copy<<<2, 128, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
