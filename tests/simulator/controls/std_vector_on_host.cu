// expect: silent
// out[99]: 1
#include <cuda_runtime.h>
#include <vector>
#include <algorithm>
__global__ void set(float* out) { out[threadIdx.x] = 1; }
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  std::vector<unsigned> v;
  for (unsigned i = 0; i < 100; i++) v.push_back(i);
  std::sort(v.rbegin(), v.rend());
  set<<<1, (int)v.size(), 0, stream>>>(out);
  return cudaGetLastError();
}
