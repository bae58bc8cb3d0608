// expect: silent
// n: 2000
// out[1]: 40
#include <cuda_runtime.h>
constexpr int TILE = 32;
__global__ void transpose(const float* in, float* out, int rows, int cols) {
  __shared__ float tile[TILE][TILE + 1];
  int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;
  for (int j = 0; j < TILE; j += blockDim.y)
    if (x < cols && y + j < rows) tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * cols + x];
  __syncthreads();
  x = blockIdx.y * TILE + threadIdx.x, y = blockIdx.x * TILE + threadIdx.y;
  for (int j = 0; j < TILE; j += blockDim.y)
    if (x < rows && y + j < cols) out[(y + j) * rows + x] = tile[threadIdx.x][threadIdx.y + j];
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  transpose<<<dim3(2, 2), dim3(TILE, 8), 0, stream>>>(in, out, 50, 40);
  return cudaGetLastError();
}
