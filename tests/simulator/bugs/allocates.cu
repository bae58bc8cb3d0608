// expect: allocation 6
#include <cuda_runtime.h>
__global__ void set(float* out) { out[threadIdx.x] = 1; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  float* p;
  cudaMalloc(&p, 1024);
  set<<<1, 32, 0, stream>>>(p);
  cudaFree(p);
  return cudaGetLastError();
}
