// expect: silent
// out[0]: 384
// out[1]: 256
// out[2]: 255
// out[3]: 1
// out[4]: 5
// out[5]: 1
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  __shared__ int c;
  __shared__ unsigned h[8];
  if (threadIdx.x == 0) c = 0;
  if (threadIdx.x < 8) h[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&c, 1);
  atomicMax(&h[0], threadIdx.x);
  atomicOr(&h[1], 1u << (threadIdx.x & 31));
  atomicExch(&h[2], 5u);
  atomicCAS(&h[3], 0u, threadIdx.x + 1);
  atomicAdd(out, 1.5f);
  __syncthreads();
  if (threadIdx.x == 0) {
    out[1] = c;
    out[2] = h[0];
    out[3] = h[1] == 0xffffffffu;
    out[4] = h[2];
    out[5] = h[3] != 0;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaMemsetAsync(out, 0, 4, stream);
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
