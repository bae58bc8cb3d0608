// expect: refused cub
#include <cuda_runtime.h>
#include <cub/cub.cuh>
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  
  return cudaGetLastError();
}
