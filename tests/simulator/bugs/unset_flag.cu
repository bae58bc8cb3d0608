// expect: uninit 9
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  bool seen;
  for (int i = 0; i < 4; i++)
    if (in[i] == 7) seen = true;
  out[threadIdx.x] = seen ? 1 : 2;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
