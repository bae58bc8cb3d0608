// expect: silent
#include <cuda_runtime.h>
#include <cstdio>
__global__ void k(float* out) { if (threadIdx.x == 0) printf("block %d %f\n", blockIdx.x, 1.5f); out[threadIdx.x] = 1; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 32, 0, stream>>>(out);
  return cudaGetLastError();
}
