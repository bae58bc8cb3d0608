// expect: oob 5
#include <cuda_runtime.h>
__global__ void local(const float* in, float* out, int n) {
  float r[4];
  for (int i = 0; i <= n / 64; i++) r[i] = in[i];
  float s = 0;
  for (int i = 0; i < 4; i++) s += r[(i + threadIdx.x) & 3];
  out[threadIdx.x] = s;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  local<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
