// expect: race 8
#include <cuda_runtime.h>
__global__ void count(const float* in, float* out, int n) {
  __shared__ int c;
  if (threadIdx.x == 0) c = 0;
  __syncthreads();
  atomicAdd(&c, 1);
  if (threadIdx.x == 0) out[0] = c;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  count<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
