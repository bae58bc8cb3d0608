// control: 04_warp_reduce
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: out is cleared with cudaMemsetAsync on the stream; 96 threads a row, whose three warps add with atomics
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sums(const float* x, float* out, int64_t rows, int cols) {
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        float sum = 0.0f;
        for (int c = threadIdx.x; c < cols; c += 96) sum += x[row * cols + c];
        for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
        if (threadIdx.x % 32 == 0) atomicAdd(&out[row], sum);
    }
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(out, 0, sizeof(float) * rows, stream)) return error;
    sums<<<unsigned(rows < 65535 ? rows : 65535), 96, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
