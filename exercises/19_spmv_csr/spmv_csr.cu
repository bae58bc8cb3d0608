// 19 Sparse matrix times vector: y[r] = the sum of vals[i] * x[col_idx[i]] for i = row_ptr[r] ... row_ptr[r + 1] - 1.
//
// row_ptr holds rows + 1 numbers that never fall, from 0 to the number of nonzeros; col_idx and vals hold one number
// per nonzero; x is a vector of floats, y gets rows of them and arrives full of rubbish. All are in device memory.
// Run it with:  python -m grader run 19_spmv_csr

#include <cuda_runtime.h>
#include <cstdint>

__global__ void spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y,
                         int rows) {
    // TODO: add up the products of each row; rows are of very different lengths.
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x,
                                       float* y, int rows, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`:
    // spmv_csr<<<grid, block, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
