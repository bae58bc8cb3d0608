// control: 04_warp_reduce
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: tiles of 16 lanes from cooperative groups, two rows a warp, and their reduce
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cuda_runtime.h>
#include <cstdint>

namespace cg = cooperative_groups;

__global__ void sums(const float* x, float* out, int64_t rows, int cols) {
    const auto tile = cg::tiled_partition<16>(cg::this_thread_block());
    const int64_t row = int64_t(blockIdx.x) * (blockDim.x / 16) + threadIdx.x / 16;
    if (row >= rows) return;  // whole tiles leave
    float sum = 0.0f;
    for (int c = int(tile.thread_rank()); c < cols; c += 16) sum += x[row * cols + c];
    sum = cg::reduce(tile, sum, cg::plus<float>());
    if (tile.thread_rank() == 0) out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    sums<<<unsigned((rows + 7) / 8), 128, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
