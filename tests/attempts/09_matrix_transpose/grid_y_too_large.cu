// expect(cuda): CRASH | UNSAFE launch
// expect(simulator): SLOW coalescing | UNSAFE launch
// why: one row of blocks per matrix row: gridDim.y ends at 65,535, rows does not (rarely so tall on the simulator).

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, row = blockIdx.y;
    if (col < cols) out[col * rows + row] = in[row * cols + col];
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    const unsigned block = cols < 32 ? 32 : 128;
    transpose<<<dim3(unsigned((cols + block - 1) / block), unsigned(rows)), block, 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
