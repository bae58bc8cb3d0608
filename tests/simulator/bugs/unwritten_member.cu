// expect: uninit 9
#include <cuda_runtime.h>
struct Three { double value; int index; double weight; };
__global__ void k(const float* in, float* out, int n) {
  __shared__ Three s[256], other[256];
  int t = threadIdx.x;
  s[t].value = in[t], s[t].index = t;
  __syncthreads();
  other[t] = s[n - 1 - t];  // of padding this is too much
  out[t] = (float)other[t].weight;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
