// expect: silent
// out[0]: 96
// out[255]: 287
#include <cooperative_groups.h>
#include <cuda_runtime.h>
struct Four { float x, y, z, w; };
__device__ __noinline__ Four four(float a) { return Four{a, a, a, a}; }
// The blocks of this launch are open at once.
__global__ void k(const float* in, float* out) {
  __shared__ Four s[64];
  int t = threadIdx.x, i = 64 * blockIdx.x + t;
  if (blockIdx.x != 1) s[t] = four(in[i]);
  cooperative_groups::this_grid().sync();
  if (blockIdx.x == 1) s[t] = four(in[i]);
  __syncthreads();
  out[i] = s[t ^ 32].y + s[t].z + 64.0f - in[i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  void* arguments[] = {&in, &out};
  return cudaLaunchCooperativeKernel((const void*)k, dim3(n / 64), dim3(64), arguments, 0, stream);
}
