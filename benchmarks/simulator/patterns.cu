// Thirteen access patterns, one a line: strides, misalignment, 16- and 8-byte elements, bank conflicts.
// n: 16384
#include <cuda_runtime.h>

__global__ void patterns(const float* a, const float4* v, float* o, const double* d) {
  __shared__ float s[32 * 33];
  int t = threadIdx.x;
  float x = a[t];
  x += a[t * 8];
  x += a[t * 32];
  x += a[t + 1];
  float4 q = v[t];
  x += q.x + q.y + q.z + q.w;
  x += d[t];
  for (int i = t; i < 32 * 33; i += 32) s[i] = x;
  __syncwarp();
  x += s[t * 32];
  x += s[t * 33];
  x += s[t * 2];
  x += s[0];
  o[t] = x;
}

extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  patterns<<<1, 32, 0, stream>>>(in, (const float4*)in, out, (const double*)in);
  return cudaGetLastError();
}
