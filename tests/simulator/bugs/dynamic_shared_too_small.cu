// expect: oob 5
#include <cuda_runtime.h>
extern __shared__ float s[];
__global__ void copy(const float* in, float* out, int n) {
  s[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  copy<<<1, n, n * 2, stream>>>(in, out, n);
  return cudaGetLastError();
}
