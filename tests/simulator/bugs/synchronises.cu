// expect: sync 6
#include <cuda_runtime.h>
__global__ void set(float* out) { out[threadIdx.x] = 1; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  set<<<1, 32, 0, stream>>>(out);
  cudaDeviceSynchronize();
  return cudaGetLastError();
}
