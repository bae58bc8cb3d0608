// expect: silent
// n: 256
// out[0]: 64
// out[1]: 128
// out[2]: 32
// out[3]: 3
#include <cuda_runtime.h>
#include <cuda_bf16.h>
__global__ void k(const float* in, float* out, int n) {
  __shared__ __nv_bfloat162 total;
  __shared__ __nv_bfloat16 one;
  int t = threadIdx.x;
  if (t == 0) total = __floats2bfloat162_rn(0.f, 0.f), one = __float2bfloat16(0.f);
  __syncthreads();
  atomicAdd(&total, __floats2bfloat162_rn(1.f, 2.f));
  atomicAdd(&one, __float2bfloat16(0.5f));
  __syncthreads();
  if (t == 0) {
    float2 f = __bfloat1622float2(total);
    out[0] = f.x;
    out[1] = f.y;
    out[2] = __bfloat162float(one);
    out[3] = __bfloat162float(__hmax(__float2bfloat16(3.f), __float2bfloat16(-4.f)));
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 64, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
