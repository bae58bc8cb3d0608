// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per row, one float4 at a time from the first 16-byte boundary on, and a tree of pairs
#include <cuda_runtime.h>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 512;

struct Best {
    float value = -INFINITY;
    int32_t column = INT_MAX;

    __device__ void meet(float v, int64_t c) {
        if (v > value || (v == value && c < column)) value = v, column = static_cast<int32_t>(c);
    }
};

__global__ void row_argmax(const float* x, float* max_val, int32_t* idx, int64_t cols) {
    __shared__ float value[BLOCK];
    __shared__ int32_t column[BLOCK];
    const int64_t start = blockIdx.x * cols;
    const int64_t to_boundary = (4 - start % 4) % 4, head = to_boundary < cols ? to_boundary : cols;
    const int64_t packs = (cols - head) / 4;
    const float* row = x + start;
    const float4* from = reinterpret_cast<const float4*>(row + head);

    Best mine;
    for (int64_t p = threadIdx.x; p < packs; p += BLOCK) {
        const float4 v = from[p];
        const int64_t c = head + 4 * p;
        mine.meet(v.x, c);
        mine.meet(v.y, c + 1);
        mine.meet(v.z, c + 2);
        mine.meet(v.w, c + 3);
    }
    const int64_t tail = head + 4 * packs + threadIdx.x;
    if (threadIdx.x < head) mine.meet(row[threadIdx.x], threadIdx.x);
    if (tail < cols) mine.meet(row[tail], tail);

    value[threadIdx.x] = mine.value;
    column[threadIdx.x] = mine.column;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            mine.meet(value[threadIdx.x + half], column[threadIdx.x + half]);
            value[threadIdx.x] = mine.value;
            column[threadIdx.x] = mine.column;
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        max_val[blockIdx.x] = mine.value;
        idx[blockIdx.x] = mine.column;
    }
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols, cudaStream_t stream) {
    row_argmax<<<static_cast<unsigned>(rows), BLOCK, 0, stream>>>(x, max_val, idx, cols);
    return cudaGetLastError();
}
