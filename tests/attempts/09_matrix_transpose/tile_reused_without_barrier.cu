// expect: UNSAFE race
// why: a warp puts the next tile over this one while others still read it.

#include <cuda_runtime.h>
#include <cstdint>

// A fixed number of blocks walks over the tiles.
__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols) {
    __shared__ float tile[32][33];
    const int64_t across = (cols + 31) / 32, tiles = (rows + 31) / 32 * across;
    for (int64_t t = blockIdx.x; t < tiles; t += gridDim.x) {
        const int64_t y = t / across * 32, x = t % across * 32;
        const int i = threadIdx.x;
        for (int k = threadIdx.y; k < 32; k += 8)
            if (x + i < cols && y + k < rows) tile[k][i] = in[(y + k) * cols + x + i];
        __syncthreads();
        for (int k = threadIdx.y; k < 32; k += 8)
            if (y + i < rows && x + k < cols) out[(x + k) * rows + y + i] = tile[i][k];
    }
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    transpose<<<7, dim3(32, 8), 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
