// expect: race 13
#include <cuda_runtime.h>
__device__ unsigned count;
__global__ void sum(const float* in, float* out, int n) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    out[1 + blockIdx.x] = in[blockIdx.x];
    last = atomicInc(&count, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    float total = 0;
    for (unsigned i = 0; i < gridDim.x; i++) total += out[1 + i];
    out[0] = total;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  sum<<<8, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
