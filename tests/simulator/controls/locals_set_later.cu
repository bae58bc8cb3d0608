// expect: silent
// watched
// n: 64
// out[0]: 41
// out[63]: 39
#include <cuda_fp16.h>
#include <cuda_runtime.h>
struct Pair {
  float value;
  char tag;
};
template <class T, int N>
__device__ void load(T (&to)[N], const T* from) {
  for (int i = 0; i < N; i++) to[i] = from[i];
}
__device__ Pair pair(float x) {
  Pair p;
  p.value = x, p.tag = 1;
  return p;
}
__device__ void twice(float* x) { *x *= 2; }
__global__ void k(const float* in, float* out, int n) {
  float a[4], b[2][3], x, y;
  load(a, in);  // 0 1 2 3
  for (int i = 0; i < 6; i++) b[i / 3][i % 3] = a[i % 4];
  x = b[1][0], y = a[1];  // 3, 1
  float part[8];          // half of it is never used
  for (int i = 0; i < 4; i++) part[i] = a[i];
  for (int i = 0; i < 4; i++) x += part[i];  // 9
  float always;
  if (n > 0) always = 2;
  x += always;  // 11
  Pair p, q;
  p = pair(x);
  q = p;  // and its padding
  float4 v, w;
  v.x = 1, v.y = 2;
  w = v;  // z and w are copied, and not used
  x = q.value + w.x + w.y;  // 14
  float sine, cosine, whole;
  int exponent;
  sincosf(0.0f, &sine, &cosine);
  x += sine + cosine + modff(2.5f, &whole) + whole + frexpf(4.0f, &exponent) + exponent;  // 14 + 1 + 2.5 + 0.5 + 3
  twice(&x);  // 42
  __half h;
  h = __float2half(1.0f);
  unsigned bits;
  asm("mov.u32 %0, %laneid;" : "=r"(bits));
  int up, same[2];
  up = __shfl_sync(~0u, (int)threadIdx.x, 0), same[0] = same[1] = up;
  switch (same[1]) {
    case 0: {
      int odd;
      odd = 1;
      y += odd;
      break;
    }
    default: y = 0;
  }
  const auto less = [&](float by) {
    float z;
    z = x - by;
    return z;
  };
  long long wide;
  memcpy(&wide, a, sizeof wide);
  union {
    float f;
    unsigned u;
  } both;
  both.f = 1;
  const bool done = bits < 32 && wide != 0 && both.u == 0x3f800000u;
  out[threadIdx.x] = done ? less(__half2float(h)) + y - 2 : 0;  // 42 - 1 + 2 - 2
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
