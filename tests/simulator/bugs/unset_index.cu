// expect: uninit 9
// watched
// n: 64
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  int best;
  for (int i = 0; i < 4; i++)
    if (in[i] < 0) best = i;
  out[threadIdx.x] = in[best & 3];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
