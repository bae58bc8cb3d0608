// expect(cuda): PASS | SLOW
// expect(simulator): SLOW coalescing
// why: a 4 x 4 square per thread, turned over in registers, needs no shared memory; float by float it is slow.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols) {
    const int64_t col = 4 * (int64_t(blockIdx.x) * blockDim.x + threadIdx.x);
    for (int64_t row = 4 * (int64_t(blockIdx.y) * blockDim.y + threadIdx.y); row < rows;
         row += 4 * int64_t(gridDim.y) * blockDim.y) {
        float v[4][4];
        for (int r = 0; r < 4; ++r)
            for (int c = 0; c < 4; ++c)
                if (row + r < rows && col + c < cols) v[r][c] = in[(row + r) * cols + col + c];
        for (int c = 0; c < 4; ++c)
            for (int r = 0; r < 4; ++r)
                if (row + r < rows && col + c < cols) out[(col + c) * rows + row + r] = v[r][c];
    }
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    const int64_t down = (rows + 31) / 32;
    const dim3 grid(unsigned((cols + 31) / 32), unsigned(down < 100 ? down : 100));
    transpose<<<grid, dim3(8, 8), 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
