// control: 07_softmax
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: a row that fits is kept in up to 96 KB of opted-in dynamic shared memory, a longer one is read again
#include <cuda_runtime.h>
#include <cstdint>

constexpr int ROOM = 24576;  // floats

__device__ float block_reduce(float v, bool largest) {
    __shared__ float partial[8];
    for (int round = 0; round < 2; ++round) {
        for (int offset = 16; offset > 0; offset /= 2) {
            const float other = __shfl_xor_sync(0xffffffffu, v, offset);
            v = largest ? fmaxf(v, other) : v + other;
        }
        if (round) break;
        __syncthreads();  // the readers of the reduction before this one are done
        if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
        __syncthreads();
        v = threadIdx.x % 32 < 8 ? partial[threadIdx.x % 32] : largest ? -INFINITY : 0.0f;
    }
    return v;
}

__global__ void softmax(const float* x, float* y, int64_t cols, bool fits) {
    extern __shared__ float row[];
    const int64_t from = blockIdx.x * cols;
    float top = -INFINITY, sum = 0.0f;
    for (int64_t c = threadIdx.x; c < cols; c += 256) {
        const float v = x[from + c];
        if (fits) row[c] = v;  // read again by this thread only
        top = fmaxf(top, v);
    }
    top = block_reduce(top, true);
    for (int64_t c = threadIdx.x; c < cols; c += 256) sum += expf((fits ? row[c] : x[from + c]) - top);
    sum = block_reduce(sum, false);
    for (int64_t c = threadIdx.x; c < cols; c += 256) y[from + c] = expf((fits ? row[c] : x[from + c]) - top) / sum;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    const bool fits = cols <= ROOM;
    const int bytes = fits ? int(cols * sizeof(float)) : 0;
    if (cudaError_t error = cudaFuncSetAttribute(softmax, cudaFuncAttributeMaxDynamicSharedMemorySize, int(ROOM * sizeof(float))))
        return error;
    softmax<<<unsigned(rows), 256, bytes, stream>>>(x, y, cols, fits);
    return cudaGetLastError();
}
