// expect: uninit 9
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  float v[8];
  for (int i = 0; i < 7; i++) v[i] = in[i];
  float s = 0;
  for (int i = 0; i < 8; i++) s += v[i];
  out[threadIdx.x] = s;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
