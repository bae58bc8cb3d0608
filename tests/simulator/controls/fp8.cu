// expect: silent
// n: 256
// out[3]: 12
// out[9]: 36
// out[63]: 256
// out[73]: 8
// out[71]: 7
#include <cuda_runtime.h>
#include <cuda_fp8.h>
__global__ void k(const float* in, float* out, int n) {
  int t = threadIdx.x;
  __nv_fp8_e4m3 a(in[t] * 4);
  __nv_fp8_e5m2 b(in[t]);
  out[t] = float(a);
  out[t + 64] = float(b);
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
