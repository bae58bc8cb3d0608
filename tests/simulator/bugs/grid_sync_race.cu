// expect: race 8
#include <cuda_runtime.h>
#include <cooperative_groups.h>
__global__ void g(float* out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = i;
  __syncthreads();
  float v = out[(i + 32) % 64];
  cooperative_groups::this_grid().sync();
  out[i] = v;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  void* args[] = {&out};
  cudaLaunchCooperativeKernel((void*)g, dim3(2), dim3(32), args, 0, stream);
  return cudaGetLastError();
}
