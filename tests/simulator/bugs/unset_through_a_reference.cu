// expect: uninit 6
// watched
// n: 64
#include <cuda_runtime.h>
__device__ void add(float (&to)[4], float x) {
  for (int i = 0; i < 4; i++) to[i] += x;
}
__global__ void k(const float* in, float* out, int n) {
  float part[4];
  add(part, in[threadIdx.x]);
  out[threadIdx.x] = part[0];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
