// expect: UNSAFE oob | WRONG
// expect(cuda): UNSAFE oob | WRONG | CRASH | TIMEOUT
// why: multiplies by the x of the row, not of the column
#include <cuda_runtime.h>
#include <cstdint>

__global__ void spmv(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows) {
    const int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rows) return;
    float sum = 0.0f;
    for (int i = row_ptr[r]; i < row_ptr[r + 1]; ++i) sum += vals[i] * x[r];
    y[r] = sum;
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows, cudaStream_t stream) {
    spmv<<<(rows + 127) / 128, 128, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
