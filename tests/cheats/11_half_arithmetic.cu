// cheat: 04_warp_reduce
// expect: WRONG precision | WRONG overflow
// why: adds in fp16 and hopes for a loose tolerance
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sums(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    __half sum = __float2half(0.0f);
    for (int c = 0; c < cols; ++c) sum = __hadd(sum, __float2half(x[row * cols + c]));
    out[row] = __half2float(sum);
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    sums<<<unsigned((rows + 127) / 128), 128, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
