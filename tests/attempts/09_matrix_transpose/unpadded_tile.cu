// expect(cuda): PASS | SLOW
// expect(simulator): SLOW conflict
// why: a 32 x 32 tile has bank conflicts, which are slow and not wrong.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols) {
    __shared__ float tile[32][32];
    int64_t x = int64_t(blockIdx.x) * 32 + threadIdx.x, y = int64_t(blockIdx.y) * 32;
    for (int k = threadIdx.y; k < 32; k += 8)
        if (x < cols && y + k < rows) tile[k][threadIdx.x] = in[(y + k) * cols + x];
    __syncthreads();
    x = int64_t(blockIdx.y) * 32 + threadIdx.x;
    y = int64_t(blockIdx.x) * 32;
    for (int k = threadIdx.y; k < 32; k += 8)
        if (x < rows && y + k < cols) out[(y + k) * rows + x] = tile[threadIdx.x][k];
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    const dim3 block(32, 8), grid(unsigned((cols + 31) / 32), unsigned((rows + 31) / 32));
    transpose<<<grid, block, 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
