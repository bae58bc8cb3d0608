// expect: PASS
// expect(cuda): PASS | SLOW
// why: value and column packed into one 64-bit key whose order is the tie rule; atomicMax in shared memory
#include <cuda_runtime.h>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 256;

// Larger floats give larger keys; of equal floats the lower column gives the larger key.
__device__ unsigned long long key(float v, uint32_t c) {
    const uint32_t bits = __float_as_uint(v + 0.0f);  // -0 becomes +0
    const uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return static_cast<unsigned long long>(ordered) << 32 | (0xffffffffu - c);
}

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols) {
    __shared__ unsigned long long top;
    const float* row = x + blockIdx.x * cols;
    if (threadIdx.x == 0) top = 0;
    __syncthreads();
    unsigned long long mine = 0;
    for (int64_t c = threadIdx.x; c < cols; c += BLOCK) {
        const unsigned long long k = key(row[c], c);
        mine = k > mine ? k : mine;
    }
    atomicMax(&top, mine);
    __syncthreads();
    if (threadIdx.x == 0) {
        const uint32_t column = 0xffffffffu - static_cast<uint32_t>(top);
        max_val[blockIdx.x] = row[column];
        idx[blockIdx.x] = column;
    }
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    row_argmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, max_val, idx, rows, cols);
    return cudaGetLastError();
}
