// expect(cuda): CRASH | UNSAFE launch
// expect(simulator): PASS | UNSAFE launch
// why: one row of blocks per matrix row: gridDim.y ends at 65,535, rows does not (rarely so tall on the simulator).

#include <cuda_runtime.h>
#include <cstdint>

__global__ void column_sums(const float* x, int64_t rows, int64_t cols, float* out) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (col < cols) atomicAdd(&out[col], x[int64_t(blockIdx.y) * cols + col]);
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(out, 0, size_t(cols) * sizeof(float), stream)) return error;
    const unsigned block = cols < 32 ? 32 : 128;
    const dim3 grid(unsigned((cols + block - 1) / block), unsigned(rows));
    column_sums<<<grid, block, 0, stream>>>(x, rows, cols, out);
    return cudaGetLastError();
}
