// expect: refused tcgen05
#include <cuda_runtime.h>
__global__ void k(float* out) { asm volatile("tcgen05.alloc 1;"); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}
