// expect: uninit 8
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  float4 v;
  v.x = in[threadIdx.x], v.y = 1, v.w = 2;
  out[threadIdx.x] = v.x + v.y + v.z + v.w;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
