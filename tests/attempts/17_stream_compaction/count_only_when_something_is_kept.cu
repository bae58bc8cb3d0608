// expect: WRONG unwritten
// why: the thread of the last kept element writes the count, so nobody does when nothing is kept
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int WARPS = BLOCK / 32;
constexpr unsigned ALL = 0xffffffffu;

__device__ bool keep(const float* x, float threshold, int64_t n, int64_t i) { return i < n && x[i] > threshold; }

// Four elements per thread, BLOCK apart.
__global__ void count_parts(const float* x, float threshold, int64_t n, int32_t* counts) {
    __shared__ int kept;
    if (threadIdx.x == 0) kept = 0;
    __syncthreads();
    for (int k = 0; k < 4; ++k) {
        const unsigned ballot = __ballot_sync(ALL, keep(x, threshold, n, (blockIdx.x * int64_t{4} + k) * BLOCK + threadIdx.x));
        if (threadIdx.x % 32 == 0) atomicAdd(&kept, __popc(ballot));
    }
    __syncthreads();
    if (threadIdx.x == 0) counts[blockIdx.x] = kept;
}

// counts becomes its own exclusive prefix sum; one warp.
__global__ void scan_counts(int32_t* counts, int64_t parts, int32_t* count) {
    const int lane = threadIdx.x;
    int carry = 0;
    for (int64_t first = 0; first < parts; first += 32) {
        const int mine = first + lane < parts ? counts[first + lane] : 0;
        int up_to_mine = mine;
        for (int d = 1; d < 32; d *= 2) {
            const int below = __shfl_up_sync(ALL, up_to_mine, d);
            if (lane >= d) up_to_mine += below;
        }
        if (first + lane < parts) counts[first + lane] = carry + up_to_mine - mine;
        carry += __shfl_sync(ALL, up_to_mine, 31);
    }
    if (lane == 0 && carry > 0) count[0] = carry;
}

__global__ void write_parts(const float* x, float threshold, float* out, int64_t n, const int32_t* counts) {
    __shared__ int warp_kept[WARPS];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int before = counts[blockIdx.x];
    for (int k = 0; k < 4; ++k) {
        const int64_t i = (blockIdx.x * int64_t{4} + k) * BLOCK + threadIdx.x;
        const bool mine = keep(x, threshold, n, i);
        const unsigned ballot = __ballot_sync(ALL, mine);
        if (lane == 0) warp_kept[warp] = __popc(ballot);
        __syncthreads();
        int place = before + __popc(ballot & ((1u << lane) - 1));
        for (int w = 0; w < WARPS; ++w) {
            if (w < warp) place += warp_kept[w];
            before += warp_kept[w];
        }
        if (mine) out[place] = x[i];
        __syncthreads();
    }
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    const unsigned parts = unsigned((n + 4 * BLOCK - 1) / (4 * BLOCK));
    int32_t* counts = static_cast<int32_t*>(ws);
    count_parts<<<parts, BLOCK, 0, stream>>>(x, threshold, n, counts);
    scan_counts<<<1, 32, 0, stream>>>(counts, parts, count);
    write_parts<<<parts, BLOCK, 0, stream>>>(x, threshold, out, n, counts);
    return cudaGetLastError();
}
