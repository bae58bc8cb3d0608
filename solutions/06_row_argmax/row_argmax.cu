// 06 Row maximum and where it is: max_val[r] = the largest x[r, c], idx[r] = the lowest c that holds it.
//
// x is a (rows, cols) fp32 matrix in device memory, row-major; max_val and idx hold `rows` elements each.
//
// One block per row. A row starts wherever cols puts it, so its first elements are peeled off one by one until the
// address is a multiple of 16; from there on a thread loads four floats at a time.

#include <cuda_runtime.h>
#include <climits>
#include <cmath>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 512;           // two blocks and more share an SM: 256 long rows are all under way at once
constexpr int WARPS = THREADS / WARP;
constexpr int PACKS = 4;               // float4 loads in flight per thread: 32 KB under way per block
constexpr int TILE = THREADS * PACKS;  // float4s that the block takes in one step
constexpr int64_t MAX_GRID = 1 << 30;  // the grid's x limit is 2^31 - 1; more rows are walked in a loop

// The best pair seen so far.
struct Best {
    float value;
    int32_t column;

    // The one rule, used from the first element to the last warp: larger value, then lower column.
    // It does not depend on the order of arrival, so elements may be split among threads in any way.
    __device__ void take(float v, int32_t c) {
        if (v > value || (v == value && c < column)) value = v, column = c;
    }
};

// Where every thread starts: whatever comes is better, even -inf at any column.
__device__ Best nothing() { return {-INFINITY, INT_MAX}; }

__device__ Best warp_best(Best mine) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        const float value = __shfl_xor_sync(ALL_LANES, mine.value, offset);
        const int32_t column = __shfl_xor_sync(ALL_LANES, mine.column, offset);
        mine.take(value, column);
    }
    return mine;
}

// The best of the `threadIdx.x`-th share of a row.
__device__ Best scan(const float* row, int32_t cols) {
    Best best = nothing();
    const int32_t misplaced = reinterpret_cast<uintptr_t>(row) % sizeof(float4) / sizeof(float);
    const int32_t to_boundary = (4 - misplaced) % 4;
    const int32_t head = to_boundary < cols ? to_boundary : cols;
    const float4* packs = reinterpret_cast<const float4*>(row + head);
    const int32_t count = (cols - head) / 4;

    int32_t p = threadIdx.x;
    for (; p + (PACKS - 1) * THREADS < count; p += TILE) {
        float4 v[PACKS];
#pragma unroll
        for (int i = 0; i < PACKS; ++i) v[i] = packs[p + i * THREADS];  // all loads first, then the comparisons
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int32_t c = head + 4 * (p + i * THREADS);
            best.take(v[i].x, c);
            best.take(v[i].y, c + 1);
            best.take(v[i].z, c + 2);
            best.take(v[i].w, c + 3);
        }
    }
    for (; p < count; p += THREADS) {  // the float4s of the last, partial step
        const float4 v = packs[p];
        const int32_t c = head + 4 * p;
        best.take(v.x, c);
        best.take(v.y, c + 1);
        best.take(v.z, c + 2);
        best.take(v.w, c + 3);
    }

    // At most three elements before the float4s and three behind them.
    if (threadIdx.x < head) best.take(row[threadIdx.x], threadIdx.x);
    const int32_t tail = head + 4 * count + threadIdx.x;
    if (tail < cols) best.take(row[tail], tail);
    return best;
}

__global__ void __launch_bounds__(THREADS) row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows,
                                                      int32_t cols) {
    __shared__ Best of_warp[WARPS];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;

    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        Best best = warp_best(scan(x + row * cols, cols));
        if (lane == 0) of_warp[warp] = best;
        __syncthreads();  // the first warp reads what the others have written
        if (warp == 0) {
            best = warp_best(lane < WARPS ? of_warp[lane] : nothing());
            if (lane == 0) max_val[row] = best.value, idx[row] = best.column;
        }
        __syncthreads();  // … and has read it before the next row overwrites it
    }
}

extern "C" cudaError_t launch_row_argmax(const float* x, float* max_val, int32_t* idx, int64_t rows, int64_t cols,
                                         cudaStream_t stream) {
    if (rows <= 0 || cols <= 0) return cudaSuccess;  // an empty grid is an error
    if (cols > INT_MAX - TILE * 4) return cudaErrorInvalidValue;  // idx could not hold the column
    const unsigned grid = static_cast<unsigned>(rows < MAX_GRID ? rows : MAX_GRID);
    row_argmax<<<grid, THREADS, 0, stream>>>(x, max_val, idx, rows, static_cast<int32_t>(cols));
    return cudaGetLastError();
}
