// expect: oob 3
#include <cuda_runtime.h>
__global__ void set(float* p) { p[threadIdx.x] = 1; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  static float host[32];
  float* p = (float*)malloc(128);
  set<<<1, 32, 0, stream>>>(p);
  free(p);
  (void)host;
  return cudaGetLastError();
}
