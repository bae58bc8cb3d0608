// expect: UNSAFE
// expect(cuda): UNSAFE | WRONG
// why: threads beyond a short row leave before the barriers and shuffles of the others; they must stay to the end
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 256;

__global__ void softmax(const float* x, float* y, int64_t rows, int64_t cols) {
    if (threadIdx.x >= cols) return;
    __shared__ float shared_max[BLOCK / 32], shared_sum[BLOCK / 32];
    x += blockIdx.x * cols;
    y += blockIdx.x * cols;
    float top = -FLT_MAX;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) top = fmaxf(top, x[c]);
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    if (threadIdx.x % 32 == 0) shared_max[threadIdx.x / 32] = top;
    __syncthreads();
    for (int w = 0; w < BLOCK / 32; ++w) top = fmaxf(top, shared_max[w]);
    float sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) sum += expf(x[c] - top);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (threadIdx.x % 32 == 0) shared_sum[threadIdx.x / 32] = sum;
    __syncthreads();
    sum = 0.0f;
    for (int w = 0; w < BLOCK / 32; ++w) sum += shared_sum[w];
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) y[c] = expf(x[c] - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    softmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, y, rows, cols);
    return cudaGetLastError();
}
