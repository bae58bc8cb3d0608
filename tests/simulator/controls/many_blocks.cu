// expect: silent
// n: 100000
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) out[i] = in[i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<70000, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
