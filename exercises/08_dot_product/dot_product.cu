// 08 Mixed-precision dot product: out[0] = a[0]*b[0] + a[1]*b[1] + ... + a[n - 1]*b[n - 1].
//
// a and b hold n fp16 numbers each in device memory and may start at any element (2-byte aligned, no more).
// out holds one fp32 number and arrives full of rubbish, like the ws_bytes bytes at ws, which are yours to use
// (at least 1 MiB). Multiply and add in fp32.
// Run it with:  python -m grader run 08_dot_product

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void partial_dots(const __half* a, const __half* b, int64_t n, float* sums) {
    // TODO: add up this block's share of the products in fp32, then over the block; write sums[blockIdx.x].
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void* ws,
                                          size_t ws_bytes, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`; then combine the blocks' sums into out[0]:
    // partial_dots<<<grid, block, 0, stream>>>(a, b, n, static_cast<float*>(ws));
    return cudaGetLastError();
}
