// 01 Vector addition: c[i] = a[i] + b[i] for 0 <= i < n.
//
// a, b, c are vectors of n fp32 numbers in device memory. n may be 0. Each may start at any element,
// so no pointer need be divisible by 16.
// Run it with:  python -m grader run 01_vector_add

#include <cuda_runtime.h>
#include <cstdint>

__global__ void vector_add(const float* a, const float* b, float* c, int64_t n) {
    // TODO: work out this thread's index, check that it is inside the vectors, and add one element.
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream` (a grid of 0 blocks is an error):
    // vector_add<<<grid, block, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
