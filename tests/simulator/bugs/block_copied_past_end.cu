// expect: oob 8
// expect: oob 9
#include <cstring>
#include <cuda_runtime.h>
struct Big { float v[16]; };
__global__ void k(const float* in, float* out, int n) {
  int t = threadIdx.x;
  std::memcpy(&reinterpret_cast<Big*>(out)[t], in + 16 * t + 1, sizeof(Big));
  if (t == 0) memset(out + n - 15, 0, sizeof(Big));
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n / 16, 0, stream>>>(in, out, n);
  return cudaGetLastError();
}
