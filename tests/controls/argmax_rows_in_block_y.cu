// control: 06_row_argmax
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: a block of 64 x 4 threads, four rows at once, pairs as a struct with a merge operator in shared memory
#include <cuda_runtime.h>
#include <climits>
#include <cstdint>

struct Best {
    float value;
    int column;
};

__device__ Best better(Best p, Best q) {
    return q.value > p.value || (q.value == p.value && q.column < p.column) ? q : p;
}

__global__ void argmax(const float* x, float* value, int32_t* index, int64_t rows, int64_t cols) {
    __shared__ float values[4][64];
    __shared__ int columns[4][64];
    const int64_t row = int64_t(blockIdx.x) * 4 + threadIdx.y;
    Best best = {-INFINITY, INT_MAX};
    for (int64_t c = threadIdx.x; row < rows && c < cols; c += 64) best = better(best, {x[row * cols + c], int(c)});
    values[threadIdx.y][threadIdx.x] = best.value;
    columns[threadIdx.y][threadIdx.x] = best.column;
    for (unsigned half = 32; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x >= half) continue;
        const unsigned other = threadIdx.x + half;
        best = better(best, {values[threadIdx.y][other], columns[threadIdx.y][other]});
        values[threadIdx.y][threadIdx.x] = best.value;
        columns[threadIdx.y][threadIdx.x] = best.column;
    }
    if (threadIdx.x == 0 && row < rows) value[row] = best.value, index[row] = best.column;
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* value, int32_t* index, int64_t rows, int64_t cols,
                                         cudaStream_t stream) {
    argmax<<<unsigned((rows + 3) / 4), dim3(64, 4), 0, stream>>>(x, value, index, rows, cols);
    return cudaGetLastError();
}
