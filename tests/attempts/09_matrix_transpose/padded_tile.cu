// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a 32 x 32 tile with rows of 33 floats, four elements per thread, is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols, int64_t across) {
    __shared__ float tile[32][33];
    const int64_t left = blockIdx.x % across * 32, top = blockIdx.x / across * 32;
    for (int k = threadIdx.y; k < 32; k += 8)
        if (left + threadIdx.x < cols && top + k < rows) tile[k][threadIdx.x] = in[(top + k) * cols + left + threadIdx.x];
    __syncthreads();  // a thread writes what others have read
    for (int k = threadIdx.y; k < 32; k += 8)
        if (top + threadIdx.x < rows && left + k < cols) out[(left + k) * rows + top + threadIdx.x] = tile[threadIdx.x][k];
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    const int64_t across = (cols + 31) / 32, down = (rows + 31) / 32;
    transpose<<<unsigned(across * down), dim3(32, 8), 0, stream>>>(in, out, rows, cols, across);
    return cudaGetLastError();
}
