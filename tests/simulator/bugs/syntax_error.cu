// expect: error expected
#include <cuda_runtime.h>
__global__ void k(float* out) { out[0] = 1 }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}
