// expect: uninit 10
#include <cuda_runtime.h>
#include <cuda_pipeline.h>
__global__ void copy(const float* in, float* out, int n) {
  __shared__ float s[256];
  int t = threadIdx.x;
  __pipeline_memcpy_async(&s[t], &in[t], 4);
  __pipeline_commit();
  __syncthreads();
  out[t] = s[n - 1 - t];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  copy<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
