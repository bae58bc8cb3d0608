// expect: silent
// n: 65536
// out[0]: 2147450880
#include <cuda_runtime.h>
// The last block to finish adds what the others left: three launches, each of which needs the one before to have ended.
__device__ unsigned count;
__device__ double partial[256];
__global__ void sum(const float* in, float* out, double* total) {
  __shared__ double part[8];
  __shared__ bool last;
  double v = in[blockIdx.x * blockDim.x + threadIdx.x];
  for (int d = 16; d; d /= 2) v += __shfl_down_sync(~0u, v, d);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  if (threadIdx.x == 0) {
    double whole = 0;
    for (double p : part) whole += p;
    partial[blockIdx.x] = whole;
    __threadfence();
    last = atomicInc(&count, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    __threadfence();
    double all = 0;
    for (unsigned i = 0; i < gridDim.x; i++) all += partial[i];
    *total += all;
  }
}
__device__ double total;
__global__ void clear() { total = 0; }
__global__ void finish(float* out) { out[blockIdx.x * blockDim.x + threadIdx.x] = (float)(total / 3); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  double* t;
  cudaGetSymbolAddress((void**)&t, total);
  clear<<<1, 1, 0, stream>>>();
  for (int i = 0; i < 3; i++) sum<<<256, 256, 0, stream>>>(in, out, t);
  finish<<<256, 256, 0, stream>>>(out);
  return cudaGetLastError();
}
