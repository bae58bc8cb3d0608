// expect: error calling a __host__ function (twice)
#include <cuda_runtime.h>
float twice(float x) { return 2 * x; }
__global__ void k(float* out) { out[0] = twice(1); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}
