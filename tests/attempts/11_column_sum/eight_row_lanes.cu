// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: blocks of 32 x 8 threads walk their columns from top to bottom, and eight sums meet in shared memory.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int COLUMNS = 32, LANES = 8;

__global__ void column_sum(const float* x, float* out, int64_t rows, int64_t cols) {
    __shared__ float sums[LANES][COLUMNS];
    const int64_t column = int64_t(blockIdx.x) * COLUMNS + threadIdx.x;
    float sum = 0.0f;
    if (column < cols)
        for (int64_t row = threadIdx.y; row < rows; row += LANES) sum += x[row * cols + column];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();  // the first lane adds up what the others have written
    if (threadIdx.y != 0 || column >= cols) return;
    for (int lane = 1; lane < LANES; ++lane) sum += sums[lane][threadIdx.x];
    out[column] = sum;
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    column_sum<<<unsigned((cols + COLUMNS - 1) / COLUMNS), dim3(COLUMNS, LANES), 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
