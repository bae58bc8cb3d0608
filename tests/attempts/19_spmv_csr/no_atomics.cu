// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: the nonzeros of a row are added to y[row] by many threads without atomics
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = 256;

// One thread per nonzero: it searches for its row.
__global__ void spmv(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows) {
    const int nonzeros = row_ptr[rows];
    for (int i = blockIdx.x * BLOCK + threadIdx.x; i < nonzeros; i += GRID * BLOCK) {
        int low = 0, high = rows - 1;  // the first row that ends behind i
        while (low < high) {
            const int middle = (low + high) / 2;
            if (row_ptr[middle + 1] > i) high = middle;
            else low = middle + 1;
        }
        y[low] += vals[i] * x[col_idx[i]];
    }
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(y, 0, rows * sizeof(float), stream)) return error;
    spmv<<<GRID, BLOCK, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
