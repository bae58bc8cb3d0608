// expect: silent
// n: 256
// out[0]: 0.21875
// out[1]: 4
// out[2]: 64
// out[3]: 2
// out[4]: 65504
#include <cuda_runtime.h>
#include <cuda_fp16.h>
__global__ void dot(const float* in, float* out, int n) {
  __shared__ half2 s[128];
  int t = threadIdx.x;
  s[t] = __floats2half2_rn(in[2 * t] / 16, 1.0f);
  __syncthreads();
  half2 sum = __float2half2_rn(0.f);
  for (int i = 0; i < 4; i++) sum = __hfma2(s[i], s[i], sum);
  half one = __float2half(1.5f);
  one += __half(0.5f);
  for (int o = 16; o; o >>= 1) one = __hadd(one, __shfl_xor_sync(0xffffffffu, one, o));
  if (t == 0) {
    out[0] = __low2float(sum);
    out[1] = __half2float(__high2half(sum));
    out[2] = one;
    out[3] = __half2float(hexp(__float2half(0.f))) + (one > sum.x);
    out[4] = __half2float(__float2half(65519.0f));
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  dot<<<1, 128, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
