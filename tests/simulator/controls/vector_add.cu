// expect: silent
// n: 1000
// out[999]: 1998
#include <cuda_runtime.h>
__global__ void add(const float* in, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i] + in[i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  add<<<(n + 255) / 256, 256, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
