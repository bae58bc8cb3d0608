// 04 Row sums: out[r] = sum of x[r, :], one warp per row, at the speed of reading x once.
//
// x is (rows, cols) fp32, row-major, 16-byte aligned; 1 <= cols <= 1024. If cols is divisible by 4, every row starts at a
// 16-byte boundary and is read as float4. A short row is one load per lane, too little to keep memory busy: so a warp
// takes several neighbouring rows at a time and loads from all of them before it reduces any.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kWarps = 8;        // 256 threads: an SM holds several such blocks, and some load while others reduce
constexpr int kRowsPerWarp = 4;  // independent 16-byte loads in flight per lane
constexpr int kRowsPerBlock = kWarps * kRowsPerWarp;

__device__ float total(float v) { return v; }
__device__ float total(float4 v) { return (v.x + v.y) + (v.z + v.w); }

// Afterwards every lane holds the sum over the warp. All 32 lanes must call it.
__device__ float warp_sum(float v) {
#pragma unroll
    for (int offset = kWarp / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kAllLanes, v, offset);
    return v;
}

// A row is `count` elements of type T: float or float4.
template <typename T>
__global__ void __launch_bounds__(kWarps* kWarp) row_sums(const T* x, float* out, int64_t rows, int count) {
    const int lane = threadIdx.x % kWarp;
    const int64_t first = int64_t(blockIdx.x) * kRowsPerBlock + threadIdx.x / kWarp * kRowsPerWarp;

    // Whole warps leave here, never single lanes: nobody waits for them in a shuffle.
    if (first >= rows) return;

    // Rows past the end are read as the last row and not stored. That costs nothing and keeps the loop free of guards.
    const T* row[kRowsPerWarp];
#pragma unroll
    for (int r = 0; r < kRowsPerWarp; ++r) row[r] = x + (first + r < rows ? first + r : rows - 1) * count;

    float sum[kRowsPerWarp] = {};
    for (int i = lane; i < count; i += kWarp) {  // lanes without a column keep their 0
        T v[kRowsPerWarp];
#pragma unroll
        for (int r = 0; r < kRowsPerWarp; ++r) v[r] = row[r][i];  // one load per row, all under way together
#pragma unroll
        for (int r = 0; r < kRowsPerWarp; ++r) sum[r] += total(v[r]);
    }

    // Four butterflies that do not depend on each other: their shuffles overlap. Lane r keeps row r's sum, so that the
    // four sums are stored by one instruction to neighbouring addresses.
    float mine = 0.0f;
#pragma unroll
    for (int r = 0; r < kRowsPerWarp; ++r) {
        const float s = warp_sum(sum[r]);
        if (lane == r) mine = s;
    }
    if (lane < kRowsPerWarp && first + lane < rows) out[first + lane] = mine;
}

extern "C" cudaError_t launch_warp_reduce(const float* x, float* out, int64_t rows, int cols, cudaStream_t stream) {
    const unsigned blocks = unsigned((rows + kRowsPerBlock - 1) / kRowsPerBlock);
    if (cols % 4 == 0)
        row_sums<<<blocks, kWarps * kWarp, 0, stream>>>(reinterpret_cast<const float4*>(x), out, rows, cols / 4);
    else
        row_sums<<<blocks, kWarps * kWarp, 0, stream>>>(x, out, rows, cols);
    return cudaGetLastError();
}
