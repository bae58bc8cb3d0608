// expect: oob 6
// n: 1000
#include <cuda_runtime.h>
__global__ void copy(const float* in, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = in[i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  copy<<<(n + 255) / 256, 256, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
