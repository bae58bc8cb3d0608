// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row, three serial walks in fp32: naive, but right
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows, int cols,
                          float eps) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
    if (row >= rows) return;
    x += row * cols;
    y += row * cols;
    float sum = 0.0f, squares = 0.0f;
    for (int c = 0; c < cols; ++c) sum += x[c];
    const float mean = sum / cols;
    for (int c = 0; c < cols; ++c) squares += (x[c] - mean) * (x[c] - mean);
    const float inv = rsqrtf(squares / cols + eps);
    for (int c = 0; c < cols; ++c) y[c] = (x[c] - mean) * inv * gamma[c] + beta[c];
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>((rows + BLOCK - 1) / BLOCK);
    layernorm<<<grid, BLOCK, 0, stream>>>(x, gamma, beta, y, rows, cols, eps);
    return cudaGetLastError();
}
