// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a block per row with a tree in shared memory and a barrier in each round is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void warp_reduce(const float* x, float* out, int64_t rows, int cols) {
    __shared__ float part[64];
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        float sum = 0.0f;
        for (int c = threadIdx.x; c < cols; c += blockDim.x) sum += x[row * cols + c];
        part[threadIdx.x] = sum;
        __syncthreads();
        for (int half = blockDim.x / 2; half > 0; half /= 2) {
            if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
            __syncthreads();
        }
        if (threadIdx.x == 0) out[row] = part[0];
        __syncthreads();
    }
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    warp_reduce<<<unsigned(rows < 500 ? rows : 500), 64, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
