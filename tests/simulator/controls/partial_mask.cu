// expect: silent
// n: 20
// out[19]: 190
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  int t = threadIdx.x;
  unsigned mask = __ballot_sync(0xffffffffu, t < n);
  if (t < n) {
    float v = in[t];
    for (int o = 1; o < 32; o <<= 1) {
      float w = __shfl_up_sync(mask, v, o);
      if (t >= o) v += w;
    }
    out[t] = v;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
