// expect: deadlock 5
#include <cuda_runtime.h>
__global__ void mixed(const float* in, float* out, int n) {
  float v = in[threadIdx.x];
  if (threadIdx.x < 16) v += __shfl_down_sync(0xffffffff, v, 8);
  else __syncthreads();
  out[threadIdx.x] = v;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  mixed<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
