// expect: silent
// n: 20000
// out[0]: 19999
#include <cuda_runtime.h>
template <class T>
__global__ void reverse(const T* in, T* out, int n) {
  extern __shared__ __align__(16) unsigned char raw[];
  T* s = reinterpret_cast<T*>(raw);
  for (int i = threadIdx.x; i < n; i += blockDim.x) s[i] = in[i];
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) out[i] = s[n - 1 - i];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaFuncSetAttribute(reverse<float>, cudaFuncAttributeMaxDynamicSharedMemorySize, n * 4);
  reverse<float><<<1, 128, n * sizeof(float), stream>>>(in, out, n);
  return cudaGetLastError();
}
