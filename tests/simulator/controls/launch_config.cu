// expect: silent
// n: 256
// out[0]: 3
// out[33]: 2
#include <cuda_runtime.h>
__global__ void k(float* out, float v) { out[blockIdx.x * blockDim.x + threadIdx.x] = v; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaLaunchConfig_t config = {};
  config.gridDim = 2;
  config.blockDim = dim3(32);
  config.stream = stream;
  cudaLaunchKernelEx(&config, k, out, 2);
  float v = 3;
  void* args[] = {&out, &v};
  cudaLaunchKernel((void*)k, dim3(1), dim3(32), args, 0, stream);
  return cudaGetLastError();
}
