// expect: silent
// n: 256
// out[0]: 44
// out[1]: 15
// out[2]: 1
// out[3]: 5.5
// out[4]: 3
// out[5]: 10
// out[6]: 1.25
// out[7]: 6
// out[8]: 1
#include <cuda_runtime.h>
__global__ void k(float* out) {
  out[0] = __popc(0xff0) + __clz(1) + __ffs(8) + __brev(1u) / 2147483648.0f;
  out[1] = __dp4a(0x01020304, 0x01010101, 5);
  out[2] = __byte_perm(0x33221100, 0x77665544, 0x7531) == 0x77553311u;
  out[3] = __fdividef(6, 3) + rsqrtf(4) + __saturatef(3) + fmaxf(NAN, 2);
  out[4] = __float2int_rn(2.5f) + __float2int_ru(2.1f) + __float2int_rz(-2.9f);
  out[5] = min(3, 4u) + max(2.f, 1.f) + abs(-3) + min(2ll, 5ll);
  out[6] = __int_as_float(__float_as_int(1.25f));
  out[7] = __umulhi(0x80000000u, 6) + __funnelshift_l(0x80000000u, 1, 1);
  out[8] = __float2int_rz(1e20f) == 2147483647 && __float2int_rz(NAN) == 0;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}
