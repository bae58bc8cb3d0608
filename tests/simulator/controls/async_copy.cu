// expect: silent
// out[0]: 252
#include <cuda_runtime.h>
#include <cuda_pipeline.h>
__global__ void copy(const float4* in, float* out, int n) {
  __shared__ float4 s[64];
  int t = threadIdx.x;
  __pipeline_memcpy_async(&s[t], &in[t], 16);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  out[t] = s[63 - t].x;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  copy<<<1, 64, 0, stream>>>((const float4*)in, out, n);
  return cudaGetLastError();
}
