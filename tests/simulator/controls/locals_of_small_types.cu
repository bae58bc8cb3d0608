// expect: silent
// n: 64
// out[0]: 12
// out[63]: 12
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
struct Packed { __half x[4]; };
__device__ __noinline__ __half one() { return __float2half(1.0f); }
__device__ __noinline__ __half2 two() { return __floats2half2_rn(1.0f, 2.0f); }
__device__ __noinline__ float2 three() { return make_float2(1.0f, 3.0f); }
__device__ __noinline__ Packed four() { Packed p; for (int i = 0; i < 4; i++) p.x[i] = one(); return p; }
__global__ void k(const float* in, float* out, int n) {
  __half a, b[2];
  __half2 c, d[2];
  float2 e, f[2];
  Packed g, h[2];
  __nv_bfloat16 i;
  bool j, l[2];
  unsigned char m, o[3];
  a = one(), b[1] = one(), c = two(), d[1] = two(), e = three(), f[1] = three(), g = four(), h[1] = four();
  i = __float2bfloat16(1.0f), j = in[0] == 0, l[1] = j, m = 1, o[2] = m;
  float s = __half2float(a) + __half2float(b[1]) + __high2float(c) + __low2float(d[1]) + e.x + f[1].x;  // 7
  s += __half2float(g.x[3]) + __half2float(h[1].x[2]) + __bfloat162float(i) + j * l[1] + m * o[2];        // 12
  out[threadIdx.x] = s;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
