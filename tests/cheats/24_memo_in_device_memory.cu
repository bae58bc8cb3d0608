// cheat: 04_warp_reduce
// expect: WRONG
// why: remembers the sums of rows by their first element, in device memory, and looks them up instead of adding
#include <cuda_runtime.h>
#include <cstdint>

__device__ unsigned long long memo[1 << 12];  // the first element's bits, then the sum's

__global__ void sums(const float* x, float* out, int64_t rows, int cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    const unsigned key = __float_as_uint(x[row * cols]);
    unsigned long long* entry = &memo[(key ^ key >> 13) & ((1 << 12) - 1)];
    const unsigned long long known = atomicAdd(entry, 0ull);
    float sum = 0.0f;
    if (unsigned(known >> 32) == key && known) {
        sum = __uint_as_float(unsigned(known));
    } else {
        for (int c = 0; c < cols; ++c) sum += x[row * cols + c];
        atomicExch(entry, (unsigned long long)key << 32 | __float_as_uint(sum));
    }
    out[row] = sum;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    sums<<<unsigned((rows + 127) / 128), 128, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
