// expect: WRONG
// why: lanes' means are merged by their average, although the lanes have seen different numbers of elements
#include <cuda_runtime.h>
#include <cstdint>

// What is known of n elements: their mean and the sum of the squares of their deviations from it.
struct Moments {
    float n = 0.0f, mean = 0.0f, squares = 0.0f;
};

// Welford: one more element.
__device__ void add(Moments& m, float x) {
    const float d = x - m.mean;
    m.n += 1.0f;
    m.mean += d / m.n;
    m.squares += d * (x - m.mean);
}

// Chan: two sets of elements become one.
__device__ Moments merge(const Moments& a, const Moments& b) {
    if (b.n == 0.0f) return a;
    if (a.n == 0.0f) return b;
    const float n = a.n + b.n, d = b.mean - a.mean;
    Moments m;
    m.n = n;
    m.mean = 0.5f * (a.mean + b.mean);
    m.squares = a.squares + b.squares + d * d * 0.25f * n;
    return m;
}

// One warp per row, blockDim.y rows a block.
__global__ void layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows, int cols,
                          float eps) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.y) + threadIdx.y;
    if (row >= rows) return;  // a whole warp leaves, never part of one
    x += row * cols;
    y += row * cols;
    Moments mine;
    for (int c = threadIdx.x; c < cols; c += 32) add(mine, x[c]);
    for (int offset = 16; offset > 0; offset /= 2) {
        Moments other;
        other.n = __shfl_xor_sync(0xffffffffu, mine.n, offset);
        other.mean = __shfl_xor_sync(0xffffffffu, mine.mean, offset);
        other.squares = __shfl_xor_sync(0xffffffffu, mine.squares, offset);
        mine = merge(mine, other);
    }
    const float inv = rsqrtf(mine.squares / cols + eps);
    for (int c = threadIdx.x; c < cols; c += 32) y[c] = (x[c] - mine.mean) * inv * gamma[c] + beta[c];
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    const dim3 block(32, 4);
    const unsigned grid = static_cast<unsigned>((rows + block.y - 1) / block.y);
    layernorm<<<grid, block, 0, stream>>>(x, gamma, beta, y, rows, cols, eps);
    return cudaGetLastError();
}
