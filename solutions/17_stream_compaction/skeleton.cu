// 17 Stream compaction: out = the elements of x that are greater than threshold, in their order; count[0] = how many.
//
// x holds n floats in device memory, n is at least 1; out has room for n, and what is behind the kept ones must stay
// as it is. The ws_bytes bytes at ws are yours: 4 KiB, and 16 bytes for each 1,024 elements.
// out, count and ws arrive full of rubbish.
// Run it with:  python -m grader run 17_stream_compaction

#include <cuda_runtime.h>
#include <cstdint>

__global__ void compact_parts(const float* x, float threshold, float* out, int32_t* count, int64_t n, int32_t* counts) {
    // TODO: find the place of each kept element: how many before it are kept, in this block and in earlier ones.
}

extern "C" cudaError_t launch_stream_compaction(const float* x, float threshold, float* out, int32_t* count, int64_t n,
                                                void* ws, size_t ws_bytes, cudaStream_t stream) {
    // TODO: choose the grid and the block, and launch on `stream`; one launch or several:
    // compact_parts<<<grid, block, 0, stream>>>(x, threshold, out, count, n, static_cast<int32_t*>(ws));
    return cudaGetLastError();
}
