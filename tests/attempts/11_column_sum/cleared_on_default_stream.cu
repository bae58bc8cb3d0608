// expect(cuda): UNSAFE | CRASH
// expect(simulator): UNSAFE stream
// why: out is cleared on the default stream, not on the one that the kernel runs on.

#include <cuda_runtime.h>
#include <cstdint>

// 64 columns wide, `rows` cut into slices of 128.
__global__ void column_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (col >= cols) return;
    const int64_t first = int64_t(blockIdx.y) * 128, last = first + 128 < rows ? first + 128 : rows;
    float sum = 0.0f;
    for (int64_t row = first; row < last; ++row) sum += x[row * cols + col];
    atomicAdd(&out[col], sum);
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    if (cudaError_t error = cudaMemset(out, 0, size_t(cols) * sizeof(float))) return error;
    const dim3 grid(unsigned((cols + 63) / 64), unsigned((rows + 127) / 128));
    column_sums<<<grid, 64, 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
