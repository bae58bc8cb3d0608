// expect: uninit 7
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  float most;
  for (int i = threadIdx.x; i < n; i += 8) most = fmaxf(most, in[i]);
  out[threadIdx.x] = most;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
