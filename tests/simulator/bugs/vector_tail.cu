// expect: oob 6
// n: 254
#include <cuda_runtime.h>
__global__ void copy(const float* in, float* out, int n) {
  int i = threadIdx.x;
  if (i < (n + 3) / 4) reinterpret_cast<float4*>(out)[i] = reinterpret_cast<const float4*>(in)[i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  copy<<<1, 128, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
