// expect: uninit 8
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  int step;
  if (threadIdx.x < 48) step = 1;
  out[threadIdx.x] = in[threadIdx.x] * (step > 0 ? 1 : -1);
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
