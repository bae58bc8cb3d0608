// expect: UNSAFE uninit
// expect(cuda): UNSAFE uninit | WRONG | CRASH
// why: ticket and turn are cleared, but the running total between them starts as rubbish
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 512;
constexpr unsigned ALL = 0xffffffffu;

// ws: a ticket, the running total, and whose turn it is.
__global__ void in_turn(const float* x, float threshold, float* out, int32_t* count, int64_t n, unsigned* ws) {
    __shared__ unsigned part, base, kept[BLOCK / 32];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    if (threadIdx.x == 0) part = atomicAdd(&ws[0], 1u);
    __syncthreads();
    const int64_t i = part * int64_t{BLOCK} + threadIdx.x;
    const bool mine = i < n && x[i] > threshold;
    const unsigned ballot = __ballot_sync(ALL, mine);
    if (lane == 0) kept[warp] = __popc(ballot);
    __syncthreads();
    if (threadIdx.x == 0) {
        unsigned all = 0;
        for (int w = 0; w < BLOCK / 32; ++w) all += kept[w];
        while (atomicAdd(&ws[2], 0u) != part) {}  // the parts before have all been counted
        base = atomicAdd(&ws[1], all);
        if ((part + 1) * int64_t{BLOCK} >= n) count[0] = int(base + all);
        __threadfence();
        atomicAdd(&ws[2], 1u);
    }
    __syncthreads();
    unsigned place = base + __popc(ballot & ((1u << lane) - 1));
    for (int w = 0; w < warp; ++w) place += kept[w];
    if (mine) out[place] = x[i];
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    unsigned* words = static_cast<unsigned*>(ws);
    if (cudaError_t error = cudaMemsetAsync(&words[0], 0, sizeof(unsigned), stream)) return error;
    if (cudaError_t error = cudaMemsetAsync(&words[2], 0, sizeof(unsigned), stream)) return error;
    in_turn<<<unsigned((n + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(x, threshold, out, count, n, words);
    return cudaGetLastError();
}
