// 26 Decode GEMV: y[n] = W[n, 0] * x[0] + ... + W[n, K - 1] * x[K - 1] for 0 <= n < N.
//
// W is an (N, K) matrix of fp16 numbers in device memory, row-major; x has K of them, y N. K is a multiple of 8, and
// W and x start at 16-byte boundaries: so does every row. Multiply and add in fp32; round once, to write y.
// Run it with:  python -m grader run 26_gemv_decode

#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gemv_decode(const __half* W, const __half* x, __half* y, int N, int K) {
    // TODO: one warp per row. Each lane adds up its share of the products in fp32; add the lanes' sums; write y.
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // gemv_decode<<<grid, block, 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
