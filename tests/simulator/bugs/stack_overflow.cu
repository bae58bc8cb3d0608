// expect: oob
#include <cuda_runtime.h>
__device__ int deep(int n, volatile int* p) { volatile int x[64]; x[n & 63] = n; return n < 0 ? p[0] : deep(n + 1, p) + x[3]; }
__global__ void recurse(float* out, int n) { int z = 0; out[0] = deep(n, &z); }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  recurse<<<1, 1, 0, stream>>>(out, n);
  return cudaGetLastError();
}
