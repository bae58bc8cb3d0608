// expect: silent
// n: 48
// out[0]: 19
// out[33]: 50
#include <array>
#include <cstring>
#include <cuda_runtime.h>
// g++ reports no write where the result of a call that is not inlined goes straight to memory.
struct Four { float x, y, z, w; };
struct Big { float v[16]; };
struct Byte { unsigned char b; };
__device__ __noinline__ Four four(float a) { return Four{a, a, a, a}; }
__device__ __noinline__ Byte byte(float a) { return Byte{(unsigned char)a}; }
__device__ __noinline__ Big big(float a) {
  Big b;
  for (int i = 0; i < 16; i++) b.v[i] = a + i;
  return b;
}
__device__ __noinline__ std::array<float, 4> array(float a) { return {a, a, a, a}; }
__global__ void k(const float* in, float* out, int n) {
  __shared__ Four f[16];
  __shared__ Big b[16], c[16];
  __shared__ Byte y[16];
  __shared__ std::array<float, 4> a[16];
  extern __shared__ Four d[];
  int t = threadIdx.x, i = 16 * blockIdx.x + t;
  auto l = [&](float x) __attribute__((noinline)) { return Four{x, (float)i, (float)n, x}; };
  for (int round = 0; round < 2; round++) {
    f[t] = four(in[i]);
    b[t] = big(in[i]);
    a[t] = array(in[i]);
    d[t] = l(in[i]);
    y[t] = byte(in[i]);
    std::memcpy(&c[t], &b[t], sizeof(Big));
    __syncthreads();
    int o = 15 - t;
    out[i] = f[o].x + b[o].v[2] + c[o].v[2] - a[o][1] - d[o].y + y[o].b - f[o].w;
    __syncthreads();
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<n / 16, 16, 16 * sizeof(Four), stream>>>(in, out, n);
  return cudaGetLastError();
}
