// expect: uninit 5
#include <cuda_runtime.h>
__global__ void count(const float* in, float* out, int n) {
  __shared__ unsigned h[16];
  atomicAdd(&h[(int)in[threadIdx.x] & 15], 1u);
  __syncthreads();
  if (threadIdx.x < 16) out[threadIdx.x] = h[threadIdx.x];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  count<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
