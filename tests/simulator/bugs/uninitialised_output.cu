// expect: uninit 4
#include <cuda_runtime.h>
__global__ void add(const float* in, float* out, int n) {
  out[threadIdx.x] += in[threadIdx.x];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  add<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
