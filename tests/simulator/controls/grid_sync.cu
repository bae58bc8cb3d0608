// expect: silent
// out[0]: 64
#include <cuda_runtime.h>
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
__global__ void rotate(float* a) {
  auto grid = cg::this_grid();
  int i = grid.thread_rank();
  a[i] = i;
  grid.sync();
  float v = a[(i + 64) % grid.size()];
  grid.sync();
  a[i] = v;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  void* args[] = {&out};
  cudaLaunchCooperativeKernel((void*)rotate, dim3(4), dim3(64), args, 0, stream);
  return cudaGetLastError();
}
