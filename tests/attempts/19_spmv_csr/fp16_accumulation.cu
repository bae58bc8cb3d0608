// expect: WRONG
// why: a row is added up in fp16
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void spmv(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows) {
    const int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rows) return;
    __half sum = __float2half(0.0f);
    for (int i = row_ptr[r]; i < row_ptr[r + 1]; ++i) sum = __hadd(sum, __float2half(vals[i] * x[col_idx[i]]));
    y[r] = __half2float(sum);
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows, cudaStream_t stream) {
    spmv<<<(rows + 127) / 128, 128, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
