// expect: silent
// n: 256
// out[0]: 636
// out[63]: 384
#include <cuda_runtime.h>
#include <cuda/pipeline>
#include <cooperative_groups.h>
__global__ void k(const float* in, float* out, int n) {
  __shared__ float s[2][64];
  auto pipe = cuda::make_pipeline();
  int t = threadIdx.x, stages = n / 64;
  auto fetch = [&](int i) {
    pipe.producer_acquire();
    if (i < stages) cuda::memcpy_async(&s[i & 1][t], &in[i * 64 + t], sizeof(float), pipe);
    pipe.producer_commit();
  };
  fetch(0);
  float sum = 0;
  for (int i = 0; i < stages; i++) {
    fetch(i + 1);
    cuda::pipeline_consumer_wait_prior<1>(pipe);
    __syncthreads();
    sum += s[i & 1][63 - t];
    __syncthreads();
    pipe.consumer_release();
  }
  out[t] = sum;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
