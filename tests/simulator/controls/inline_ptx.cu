// expect: silent
// n: 256
// out[0]: 135
// out[31]: 135
#include <cuda_runtime.h>
#include <cstdint>
__global__ void k(const float* in, float* out, int n) {
  __shared__ __align__(16) float s[128];
  int t = threadIdx.x;
  unsigned lane;
  asm("mov.u32 %0, %%laneid;" : "=r"(lane));
  uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(&s[4 * t]));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(to), "l"(in + 4 * t));
  asm volatile("cp.async.commit_group;\n" ::);
  asm volatile("cp.async.wait_group %0;\n" ::"n"(0));
  __syncthreads();
  float e;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(3.0f));
  out[t] = s[127 - t] + lane + e;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 32, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
