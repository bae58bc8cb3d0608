// expect: race 4
#include <cuda_runtime.h>
__global__ void last(const float* in, float* out, int n) {
  if (threadIdx.x < 2) out[0] = in[threadIdx.x];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  last<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
