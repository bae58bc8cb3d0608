// expect: allocation 14
// expect: uninit 11
#include <cuda_runtime.h>
struct Four { float x, y, z, w; };
__device__ __noinline__ Four four(float a) { return Four{a, a, a, 0}; }
__global__ void fill(Four* ws) {
  if (threadIdx.x < 63) ws[threadIdx.x] = four(0);
}
// What lies in fresh memory is no zero, so that the zeros that were written are seen.
__global__ void use(const Four* ws, float* out) {
  out[threadIdx.x] = ws[threadIdx.x].w;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  Four* ws; cudaMallocAsync((void**)&ws, 64 * sizeof(Four), stream);
  fill<<<1, 64, 0, stream>>>(ws);
  use<<<1, 64, 0, stream>>>(ws, out);
  cudaFreeAsync(ws, stream);
  return cudaGetLastError();
}
