// expect: uninit 12
// expect: uninit 18
#include <cuda_runtime.h>
struct Four { float x, y, z, w; };
__device__ __noinline__ Four four(float a) { return Four{a, a, a, a}; }
// The results of calls arrive where g++ does not see it; one element gets none, although the block before had one there.
__global__ void k(const float* in, float* out) {
  __shared__ Four s[32];
  int t = threadIdx.x, i = 32 * blockIdx.x + t;
  if (blockIdx.x != 1 || t != 16) s[t] = four(in[i]);
  __syncthreads();
  float a = s[t ^ 1].y;
  if (i < 63) reinterpret_cast<Four*>(out)[i] = four(a);
}
// cudaMemcpy carries along that there is no value.
__global__ void after(float* out) {
  int t = threadIdx.x;
  float a = out[4 * t + 3];
  if (a == -1) out[0] = a;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<2, 32, 0, stream>>>(in, out);
  cudaMemcpyAsync(out + 244, out + 252, 16, cudaMemcpyDeviceToDevice, stream);
  after<<<1, 63, 0, stream>>>(out);
  return cudaGetLastError();
}
