// expect: WRONG
// why: the sum is in lane 0, but lane 31 stores
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 128;
constexpr unsigned ALL = 0xffffffffu;

__global__ void spmv(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows) {
    const int r = blockIdx.x * (BLOCK / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (r >= rows) return;  // the whole warp
    float sum = 0.0f;
    for (int i = row_ptr[r] + lane; i < row_ptr[r + 1]; i += 32) sum += vals[i] * x[col_idx[i]];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(ALL, sum, offset);
    if (lane == 31) y[r] = sum;
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows, cudaStream_t stream) {
    spmv<<<(rows + BLOCK / 32 - 1) / (BLOCK / 32), BLOCK, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
