// expect: uninit 11
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  float acc[2][4], top[2];
  for (int h = 0; h < 2; h++) top[h] = -INFINITY;
  for (int i = 0; i < 8; i++) {
    const float higher = fmaxf(top[i / 4], in[i]), factor = expf(top[i / 4] - higher);
    top[i / 4] = higher;
    acc[i / 4][i % 4] *= factor;
    acc[i / 4][i % 4] += in[i];
  }
  float s = 0;
  for (int i = 0; i < 8; i++) s += acc[i / 4][i % 4];
  out[threadIdx.x] = s;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
