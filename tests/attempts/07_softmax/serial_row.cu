// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row, three serial passes in fp32: naive, but right
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void softmax(const float* x, float* y, int64_t rows, int64_t cols) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
    if (row >= rows) return;
    x += row * cols;
    y += row * cols;
    float top = x[0];
    for (int64_t c = 1; c < cols; ++c) top = fmaxf(top, x[c]);
    float sum = 0.0f;
    for (int64_t c = 0; c < cols; ++c) sum += expf(x[c] - top);
    for (int64_t c = 0; c < cols; ++c) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    softmax<<<static_cast<unsigned>((rows + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, y, rows, cols);
    return cudaGetLastError();
}
