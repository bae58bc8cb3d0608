// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row walks it from the left: naive, but right
#include <cuda_runtime.h>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols) {
    const int64_t r = blockIdx.x * int64_t{BLOCK} + threadIdx.x;
    if (r >= rows) return;
    const float* row = x + r * cols;
    int64_t at = 0;
    for (int64_t c = 1; c < cols; ++c)
        if (row[c] > row[at]) at = c;
    max_val[r] = row[at];
    idx[r] = static_cast<int32_t>(at);
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    row_argmax<<<static_cast<unsigned>((rows + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, max_val, idx, rows, cols);
    return cudaGetLastError();
}
