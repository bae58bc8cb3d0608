// 15 Histogram: hist[b] = how many of x[0] ... x[n - 1] are b, for b = 0 ... bins - 1.
//
// x holds n whole numbers in device memory, 16-byte aligned; hist holds bins counters.
//
// Every block counts its share of x in shared memory and then adds its counts to hist. With few bins there is room for
// several copies of the histogram: lanes of a warp count into different copies, so they meet neither at one address
// nor in one bank, however unevenly x is spread.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 512;      // 4 blocks of it fill an SM; each brings a histogram that has to be merged
constexpr int BLOCKS_PER_SM = 4;  // 2,048 threads and 128 KB of shared memory (an SM has 164 KB on sm_80, more later)
constexpr int COUNTERS = 8192;    // of a block, 32 KB: one copy of the largest histogram
constexpr int MAX_COPIES = 32;    // one for each lane of a warp, and one for each bank
constexpr int PACKS = 4;          // int4 loads in flight per thread: 128 KB under way per SM
constexpr int64_t TILE = THREADS * PACKS * 4;  // elements that a block takes in one step

// Copy c of bin b is counters[b * copies + c]. With 32 copies c is the bank; with fewer, neighbouring lanes differ.
struct PrivateHistogram {
    int* counters;
    int copies;  // a power of two

    __device__ void count(int bin) { atomicAdd(counters + bin * copies + threadIdx.x % copies, 1); }

    // Each lane starts at another copy: at the same one, all lanes would read from one bank.
    __device__ int total(int bin) const {
        int sum = 0;
        for (int c = 0; c < copies; ++c) sum += counters[bin * copies + (c + threadIdx.x) % copies];
        return sum;
    }
};

__global__ void __launch_bounds__(THREADS) histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, int copies) {
    __shared__ int counters[COUNTERS];
    PrivateHistogram mine{counters, copies};
    for (int i = threadIdx.x; i < bins * copies; i += THREADS) counters[i] = 0;
    __syncthreads();  // nobody counts before everything is cleared

    const int4* packs = reinterpret_cast<const int4*>(x);
    const int64_t tiles = n / TILE;
    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const int4* from = packs + tile * (TILE / 4) + threadIdx.x;
        int4 v[PACKS];
#pragma unroll
        for (int i = 0; i < PACKS; ++i) v[i] = from[i * THREADS];  // all loads first, then the counting
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            mine.count(v[i].x);
            mine.count(v[i].y);
            mine.count(v[i].z);
            mine.count(v[i].w);
        }
    }

    // Less than one tile is left; one element a thread, over all blocks.
    const int64_t stride = static_cast<int64_t>(gridDim.x) * THREADS;
    for (int64_t i = tiles * TILE + blockIdx.x * THREADS + threadIdx.x; i < n; i += stride) mine.count(x[i]);

    __syncthreads();  // all have counted
    for (int bin = threadIdx.x; bin < bins; bin += THREADS)
        if (const int total = mine.total(bin)) atomicAdd(hist + bin, total);  // many bins of a small share are empty
}

// As many blocks as are resident at once, but none without a tile.
static cudaError_t choose_grid(int64_t n, unsigned* grid) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    const int64_t resident = static_cast<int64_t>(sms) * BLOCKS_PER_SM;
    const int64_t tiles = (n + TILE - 1) / TILE;
    *grid = static_cast<unsigned>(tiles < resident ? tiles : resident);
    return cudaSuccess;
}

extern "C" cudaError_t launch_histogram(const int32_t* x, int32_t* hist, int64_t n, int bins, cudaStream_t stream) {
    if (cudaError_t error = cudaMemsetAsync(hist, 0, bins * sizeof(int32_t), stream)) return error;
    if (n == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    int copies = MAX_COPIES;
    while (bins * copies > COUNTERS) copies /= 2;
    unsigned grid = 1;
    if (cudaError_t error = choose_grid(n, &grid)) return error;
    histogram<<<grid, THREADS, 0, stream>>>(x, hist, n, bins, copies);
    return cudaGetLastError();
}
