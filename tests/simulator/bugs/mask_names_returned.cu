// expect: mask 8
// n: 20
#include <cuda_runtime.h>
__global__ void sum(const float* in, float* out, int n) {
  int i = threadIdx.x;
  if (i >= n) return;
  float v = in[i];
  for (int o = 16; o; o /= 2) v += __shfl_down_sync(0xffffffff, v, o);
  if (i == 0) out[0] = v;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  sum<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
