// expect: uninit 7
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  unsigned char* b = (unsigned char*)out;
  if (threadIdx.x == 0) { b[0] = 1; b[2] = 1; }
  __syncthreads();
  if (threadIdx.x == 1) out[1] = b[0] + b[1];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
