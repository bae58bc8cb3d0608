// 04 Row sums: out[r] = x[r, 0] + ... + x[r, cols - 1] for 0 <= r < rows.
//
// x is a (rows, cols) fp32 matrix in device memory, row-major, 1 <= cols <= 1024; out has `rows` elements.
// One warp sums one row: 32 partial sums, then shuffles. No shared memory is needed.
// Run it with:  python -m grader run 04_warp_reduce

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    // TODO: which row is this warp's, and which lane is this thread? Sum this lane's columns, combine the lanes' sums with
    // __shfl_xor_sync or __shfl_down_sync, and let one lane store.
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    // TODO: choose the block (a multiple of 32) and enough blocks for one warp per row, and launch on `stream`:
    // warp_reduce<<<grid, block, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
