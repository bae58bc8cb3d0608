// expect: uninit 11
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  float s = 0;
  for (int i = 0; i < 4; i++) {
    float part[4];
    if (i == 0)
      for (int j = 0; j < 4; j++) part[j] = in[j];
    s += part[i];
  }
  out[threadIdx.x] = s;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
