// 05 Sum of a whole array: out[0] = x[0] + x[1] + ... + x[n - 1].
//
// x holds n floats in device memory, 16-byte aligned; out holds one; ws holds one partial sum per block.
//
// Two launches of one kernel: every block sums its share of x into ws[block], then one block sums ws into out.
// The end of the first launch is the barrier between blocks. Nothing is added to memory that was not written before,
// and the order of all additions is fixed: the same input gives the same bits every time.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 256;      // 8 blocks of it fill an SM; small enough that a barrier stops few warps
constexpr int BLOCKS_PER_SM = 8;  // 2,048 threads, all that an SM can hold (sm_80, sm_90)
constexpr int PACKS = 4;          // float4 loads in flight per thread: 128 KB under way per SM
constexpr int64_t TILE = THREADS * PACKS * 4;  // floats that a block takes in one step

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// The block's sum, in thread 0.
__device__ float block_sum(float v) {
    __shared__ float partial[THREADS / WARP];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    v = warp_sum(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();  // the first warp reads what the others have written
    if (warp == 0) v = warp_sum(lane < THREADS / WARP ? partial[lane] : 0.0f);
    return v;
}

// sums[block] = the sum of the block's tiles (block, block + grid, …) and of its part of the tail.
__global__ void __launch_bounds__(THREADS) partial_sums(const float* x, int64_t n, float* sums) {
    const float4* packs = reinterpret_cast<const float4*>(x);
    const int64_t tiles = n / TILE;
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);  // four chains of additions that do not wait for each other

    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const float4* from = packs + tile * (TILE / 4) + threadIdx.x;
        float4 v[PACKS];
#pragma unroll
        for (int i = 0; i < PACKS; ++i) v[i] = from[i * THREADS];  // all loads first, then the additions
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            sum.x += v[i].x;
            sum.y += v[i].y;
            sum.z += v[i].z;
            sum.w += v[i].w;
        }
    }

    // Less than one tile is left; one element a thread, over all blocks.
    const int64_t stride = static_cast<int64_t>(gridDim.x) * THREADS;
    for (int64_t i = tiles * TILE + blockIdx.x * THREADS + threadIdx.x; i < n; i += stride) sum.x += x[i];

    const float total = block_sum((sum.x + sum.y) + (sum.z + sum.w));
    if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

// As many blocks as are resident at once, but none without a tile, and one float of ws for each.
static cudaError_t choose_grid(int64_t n, size_t ws_bytes, int64_t* grid) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    const int64_t resident = static_cast<int64_t>(sms) * BLOCKS_PER_SM;
    const int64_t room = static_cast<int64_t>(ws_bytes / sizeof(float));
    *grid = (n + TILE - 1) / TILE;
    if (*grid > resident) *grid = resident;
    if (*grid > room) *grid = room;
    if (*grid < 1) *grid = 1;  // n == 0: one block writes 0
    return cudaSuccess;
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes,
                                            cudaStream_t stream) {
    int64_t grid = 1;
    if (cudaError_t error = choose_grid(n, ws_bytes, &grid)) return error;
    if (grid == 1) {  // one block has it all: no second pass
        partial_sums<<<1, THREADS, 0, stream>>>(x, n, out);
        return cudaGetLastError();
    }
    float* sums = static_cast<float*>(ws);
    partial_sums<<<static_cast<unsigned>(grid), THREADS, 0, stream>>>(x, n, sums);
    partial_sums<<<1, THREADS, 0, stream>>>(sums, grid, out);
    return cudaGetLastError();
}
