// expect: silent
// n: 256
// out[0]: 0
// out[37]: 0
// out[255]: 0
#include <cuda_runtime.h>
#include <mma.h>
using namespace nvcuda;
__global__ void k(const float* in, float* out) {
  __shared__ half a[16 * 16], b[16 * 16];
  __shared__ float c[16 * 16];
  for (int i = threadIdx.x; i < 256; i += 32) a[i] = __float2half((float)(i % 7)), b[i] = __float2half((float)(i % 5));
  __syncwarp();
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::fill_fragment(fc, 1.0f);
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, 16);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_row_major);
  __syncwarp();
  for (int i = threadIdx.x; i < 256; i += 32) {
    float want = 1;
    for (int k = 0; k < 16; k++) want += (i / 16 * 16 + k) % 7 * ((i % 16 * 16 + k) % 5);
    out[i] = c[i] - want;
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, 32, 0, stream>>>(in, out);
  return cudaGetLastError();
}
