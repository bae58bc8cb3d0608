// control: 04_warp_reduce
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: tiles of 32 x 32 through padded dynamic shared memory, then a thread a row; warps leave together
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sums(const float* x, float* out, int64_t rows, int cols) {
    extern __shared__ float tile[];  // 32 rows of 33
    const int64_t first = int64_t(blockIdx.x) * 32;
    float sum = 0.0f;
    for (int from = 0; from < cols; from += 32) {
        for (int r = 0; r < 32; ++r) {
            const bool inside = first + r < rows && from + int(threadIdx.x) < cols;
            tile[r * 33 + threadIdx.x] = inside ? x[(first + r) * cols + from + threadIdx.x] : 0.0f;
        }
        __syncwarp();
        for (int c = 0; c < 32; ++c) sum += tile[threadIdx.x * 33 + c];
        __syncwarp();
    }
    if (first + threadIdx.x < rows) out[first + threadIdx.x] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    sums<<<unsigned((rows + 31) / 32), 32, 32 * 33 * sizeof(float), stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
