// expect: silent
// n: 256
// out[0]: 3
// out[255]: 507
#include <cuda_runtime.h>
struct __align__(16) Pack { float v[4]; };
union Bits { float4 f; uint4 u; float a[4]; __device__ Bits() {} };
__global__ void k(const float* in, float* out, int n) {
  int t = threadIdx.x;
  Pack p = reinterpret_cast<const Pack*>(in)[t];
  Bits b;
  b.f = reinterpret_cast<const float4*>(in)[t];
  float r[4];
  for (int i = 0; i < 4; i++) r[i] = p.v[i] + b.a[3 - i];
  reinterpret_cast<float4*>(out)[t] = *reinterpret_cast<float4*>(r);
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
