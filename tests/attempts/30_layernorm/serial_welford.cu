// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row, Welford's update over the whole of it in fp32: right as well
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows, int cols,
                          float eps) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
    if (row >= rows) return;
    x += row * cols;
    y += row * cols;
    float mean = 0.0f, squares = 0.0f;
    for (int c = 0; c < cols; ++c) {
        const float d = x[c] - mean;
        mean += d / (c + 1);
        squares += d * (x[c] - mean);
    }
    const float inv = rsqrtf(squares / cols + eps);
    for (int c = 0; c < cols; ++c) y[c] = (x[c] - mean) * inv * gamma[c] + beta[c];
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>((rows + BLOCK - 1) / BLOCK);
    layernorm<<<grid, BLOCK, 0, stream>>>(x, gamma, beta, y, rows, cols, eps);
    return cudaGetLastError();
}
