// expect: silent
// n: 1000
// out[999]: 0.00995062
#include <cuda_runtime.h>
__inline__ __device__ float warp_max(float v) {
  for (int o = 16; o; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffff, v, o));
  return v;
}
__inline__ __device__ float warp_sum(float v) {
  for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffff, v, o);
  return v;
}
template <int WARPS>
__global__ void softmax(const float* __restrict__ in, float* __restrict__ out, int n) {
  __shared__ float part[WARPS];
  __shared__ float top, total;
  int t = threadIdx.x, lane = t & 31, warp = t >> 5;
  float m = -INFINITY;
  for (int i = t; i < n; i += blockDim.x) m = max(m, in[i] * 0.01f);
  m = warp_max(m);
  if (lane == 0) part[warp] = m;
  __syncthreads();
  if (warp == 0) {
    m = warp_max(lane < WARPS ? part[lane] : -INFINITY);
    if (lane == 0) top = m;
  }
  __syncthreads();
  float s = 0;
  for (int i = t; i < n; i += blockDim.x) s += __expf(in[i] * 0.01f - top);
  s = warp_sum(s);
  if (lane == 0) part[warp] = s;
  __syncthreads();
  if (warp == 0) {
    s = warp_sum(lane < WARPS ? part[lane] : 0.f);
    if (lane == 0) total = s;
  }
  __syncthreads();
  for (int i = t; i < n; i += blockDim.x) out[i] = __expf(in[i] * 0.01f - top) / total;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  softmax<8><<<1, 256, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
