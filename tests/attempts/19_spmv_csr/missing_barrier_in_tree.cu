// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: no barrier between the steps of the tree
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 64;

__global__ void spmv(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y) {
    __shared__ float sums[BLOCK];
    const int r = blockIdx.x;
    float sum = 0.0f;
    for (int i = row_ptr[r] + threadIdx.x; i < row_ptr[r + 1]; i += BLOCK) sum = fmaf(vals[i], x[col_idx[i]], sum);
    sums[threadIdx.x] = sum;
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (threadIdx.x == 0) y[r] = sums[0];
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows, cudaStream_t stream) {
    spmv<<<rows, BLOCK, 0, stream>>>(row_ptr, col_idx, vals, x, y);
    return cudaGetLastError();
}
