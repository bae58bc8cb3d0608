// expect: PASS
// expect(cuda): PASS | SLOW
// why: the maximum in one launch, the sum in a second one: the row is read twice
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

// One warp per row; the block has as many rows as it has y.
__global__ void maxima(const float* x, float* m, int64_t rows, int64_t cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
    if (row >= rows) return;  // a whole warp leaves, never part of one
    float top = -FLT_MAX;
    for (int64_t c = threadIdx.x; c < cols; c += 32) top = fmaxf(top, x[row * cols + c]);
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    if (threadIdx.x == 0) m[row] = top;
}

__global__ void sums(const float* x, const float* m, float* l, int64_t rows, int64_t cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += 32) sum += expf(x[row * cols + c] - m[row]);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (threadIdx.x == 0) l[row] = sum;
}

extern "C" cudaError_t launch_online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols,
                                             cudaStream_t stream) {
    const dim3 block(32, 4);
    const unsigned grid = unsigned((rows + block.y - 1) / block.y);
    maxima<<<grid, block, 0, stream>>>(x, m, rows, cols);
    sums<<<grid, block, 0, stream>>>(x, m, l, rows, cols);
    return cudaGetLastError();
}
