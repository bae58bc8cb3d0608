// control: 06_row_argmax
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: max_val first, a warp a row; then idx starts at INT_MAX by a kernel and atomicMin finds the lowest column
#include <cuda_runtime.h>
#include <climits>
#include <cstdint>

__global__ void maxima(const float* x, float* value, int32_t* index, int64_t cols) {
    const float* row = x + blockIdx.x * cols;
    float top = -INFINITY;
    for (int64_t c = threadIdx.x; c < cols; c += 32) top = fmaxf(top, row[c]);
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    if (threadIdx.x == 0) value[blockIdx.x] = top, index[blockIdx.x] = INT_MAX;
}

__global__ void places(const float* x, const float* value, int32_t* index, int64_t cols) {
    const float* row = x + blockIdx.y * cols;
    const int64_t c = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (c < cols && row[c] == value[blockIdx.y]) atomicMin(&index[blockIdx.y], int32_t(c));
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* value, int32_t* index, int64_t rows, int64_t cols,
                                         cudaStream_t stream) {
    maxima<<<unsigned(rows), 32, 0, stream>>>(x, value, index, cols);
    places<<<dim3(unsigned((cols + 255) / 256), unsigned(rows)), 256, 0, stream>>>(x, value, index, cols);
    return cudaGetLastError();
}
