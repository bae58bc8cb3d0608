// expect: UNSAFE | CRASH
// why: a float4 needs an address that is a multiple of 16, which a second row has only if cols is divisible by 4.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols) {
    const int64_t col = 4 * (int64_t(blockIdx.x) * blockDim.x + threadIdx.x);
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row >= rows || col >= cols) return;
    if (col + 4 > cols) {
        for (int64_t c = col; c < cols; ++c) out[c * rows + row] = in[row * cols + c];
        return;
    }
    const float4 v = *reinterpret_cast<const float4*>(in + row * cols + col);
    out[(col + 0) * rows + row] = v.x;
    out[(col + 1) * rows + row] = v.y;
    out[(col + 2) * rows + row] = v.z;
    out[(col + 3) * rows + row] = v.w;
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    const dim3 block(8, 32), grid(unsigned((cols + 31) / 32), unsigned((rows + 31) / 32));
    transpose<<<grid, block, 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
