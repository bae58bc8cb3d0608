// expect: mask 5
#include <cuda_runtime.h>
__global__ void half(const float* in, float* out, int n) {
  float v = in[threadIdx.x];
  v = __shfl_xor_sync(0x0000ffff, v, 1);
  out[threadIdx.x] = v;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  half<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
