// expect: assert 4
#include <cuda_runtime.h>
#include <cassert>
__global__ void check(float* out, int n) { assert(n < 10); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  check<<<1, 32, 0, stream>>>(out, n);
  return cudaGetLastError();
}
