// expect: uninit 7
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  float sum;
  for (int i = 0; i <= threadIdx.x; i++) sum += in[i];
  out[threadIdx.x] = sum;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
