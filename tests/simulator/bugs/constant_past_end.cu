// expect: oob 4
#include <cuda_runtime.h>
__constant__ float c[4];
__global__ void get(float* out) { out[threadIdx.x] = c[(threadIdx.x + 1) * 4]; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  get<<<1, 4, 0, stream>>>(out);
  return cudaGetLastError();
}
