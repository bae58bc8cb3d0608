// expect: silent
// n: 999
// out[0]: 998
// out[998]: 0
#include <cuda_runtime.h>
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
namespace cg = cooperative_groups;
__global__ void k(const float* in, float* out, int n) {
  extern __shared__ float s[];
  auto block = cg::this_thread_block();
  cg::memcpy_async(block, s, in, sizeof(float) * n);
  cg::wait(block);
  for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = s[n - 1 - i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 64, n * sizeof(float), stream>>>(in, out, n);
  return cudaGetLastError();
}
