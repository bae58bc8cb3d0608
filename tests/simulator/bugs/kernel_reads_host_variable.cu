// expect: host 4
#include <cuda_runtime.h>
static float scale = 2;
__global__ void set(float* p) { p[threadIdx.x] = scale; }
void change(float x) { scale = x; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  change(in ? 3 : 2);
  set<<<1, 32, 0, stream>>>(out);
  return cudaGetLastError();
}
