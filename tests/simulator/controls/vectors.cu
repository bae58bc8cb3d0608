// expect: silent
// out[255]: 510
#include <cuda_runtime.h>
__global__ void scale(const float4* in, float4* out, int n) {
  int i = threadIdx.x;
  if (i >= n) return;
  float4 v = __ldg(in + i);
  v.x *= 2, v.y *= 2, v.z *= 2, v.w *= 2;
  out[i] = make_float4(v.x, v.y, v.z, v.w);
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  scale<<<1, 64, 0, stream>>>((const float4*)in, reinterpret_cast<float4*>(out), n / 4);
  return cudaGetLastError();
}
