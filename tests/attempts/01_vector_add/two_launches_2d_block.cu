// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: two launches on one stream, even elements then odd ones, with a two-dimensional block, are unusual and right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void add_every_second(const float* a, const float* b, float* c, int64_t n, int start) {
    const int64_t thread = (int64_t(blockIdx.x) * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    const int64_t i = 2 * thread + start;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    const dim3 block(7, 11);
    const unsigned grid = unsigned(n / 2 / 77 + 1);
    add_every_second<<<grid, block, 0, stream>>>(a, b, c, n, 0);
    add_every_second<<<grid, block, 0, stream>>>(a, b, c, n, 1);
    return cudaGetLastError();
}
