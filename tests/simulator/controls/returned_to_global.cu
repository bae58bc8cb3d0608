// expect: silent
// out[0]: 63
// out[1]: 126
// out[63]: 64
// out[128]: 128
#include <cuda_runtime.h>
struct Two { float x, y; };
struct Big { float v[16]; };
__device__ __noinline__ Two two(float a) { return Two{a, 2 * a}; }
__device__ __noinline__ Big big(float a) {
  Big b;
  for (int i = 0; i < 16; i++) b.v[i] = a + i;
  return b;
}
__global__ void fill(const float* in, float* out) {
  int t = threadIdx.x;
  reinterpret_cast<Two*>(out)[t] = two(in[t]);
  if (t < 4) reinterpret_cast<Big*>(out + 128)[t] = big(in[128 + 16 * t]);
}
__global__ void reverse(float* out) {
  int t = threadIdx.x;
  float a = out[126 - 2 * t], b = out[127 - 2 * t];
  float c = atomicAdd(&out[128 + t], 0.0f);
  __syncthreads();
  reinterpret_cast<Two*>(out)[t] = Two{a, b};
  out[192 + t] = c;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  fill<<<1, 64, 0, stream>>>(in, out);
  reverse<<<1, 64, 0, stream>>>(out);
  return cudaGetLastError();
}
