// expect: silent
// out[0]: 42
#include <cuda_runtime.h>
__global__ void k(float* out, volatile float* flag) {
  if (threadIdx.x == 0) {
    while (*flag == 0) {}
    __threadfence();
    out[0] = out[1] + 35;
  } else if (threadIdx.x == 33) {
    out[1] = 7;
    __threadfence();
    *flag = 1;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaMemsetAsync(out, 0, 64, stream);
  k<<<1, 64, 0, stream>>>(out, out + 8);
  return cudaGetLastError();
}
