// expect: assert 3
#include <cuda_runtime.h>
__global__ void divide(float* out, int n) { out[threadIdx.x] = 7 / ((int)threadIdx.x - n + 256 - 5); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  divide<<<1, 32, 0, stream>>>(out, n);
  return cudaGetLastError();
}
