// expect: launch 5
#include <cuda_runtime.h>
__global__ void set(float* out, int n) { out[threadIdx.x] = 1; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  set<<<n / 1024, 32, 0, stream>>>(out, n);
  return cudaGetLastError();
}
