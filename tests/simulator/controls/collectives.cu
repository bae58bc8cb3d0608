// expect: silent
// out[0]: 6
// out[1]: 9
// out[2]: 13
// out[3]: 1
// out[4]: 2
// out[5]: 1
// out[6]: 496
// out[7]: 14
// out[8]: 1
#include <cuda_runtime.h>
__global__ void k(const float* in, float* out, int n) {
  int t = threadIdx.x, lane = t & 31;
  unsigned full = 0xffffffffu;
  float a = __shfl_sync(full, in[t], 3), b = __shfl_up_sync(full, in[t], 1), c = __shfl_xor_sync(full, in[t], 7, 8);
  unsigned odd = __ballot_sync(full, lane & 1);
  int any = __any_sync(full, lane == 9), all = __all_sync(full, lane < 31);
  unsigned same = __match_any_sync(full, lane / 4);
  int sum = __reduce_add_sync(full, lane);
  double d = __shfl_down_sync(full, (double)lane, 4);
  if (lane < 16) a += __shfl_xor_sync(0xffffu, a, 1);
  unsigned active = 0;
  if (lane >= 8) active = __activemask();
  if (t == 10) {
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = odd == 0xaaaaaaaau;
    out[4] = any * 2 + all;
    out[5] = same == 0xf00u;
    out[6] = sum;
    out[7] = d;
    out[8] = active == 0xffffff00u;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
