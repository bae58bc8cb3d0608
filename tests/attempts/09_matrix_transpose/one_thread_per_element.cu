// expect(cuda): PASS | SLOW
// expect(simulator): SLOW coalescing
// why: the plain first answer, reads along rows and scattered writes, is right; each write moves 8 times its bytes.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void transpose(const float* in, float* out, int64_t rows, int64_t cols) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < rows * cols) out[i % cols * rows + i / cols] = in[i];
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    transpose<<<unsigned((rows * cols + 255) / 256), 256, 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
