// expect: unsupported 4
#include <cuda_runtime.h>
__global__ void child(float* out) { out[0] = 1; }
__global__ void parent(float* out) { if (threadIdx.x == 0) child<<<1, 1>>>(out); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  parent<<<1, 32, 0, stream>>>(out);
  return cudaGetLastError();
}
