// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: half of the work on a stream of its own, forked from the caller's by one event and joined to it by another
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

struct Side {
    cudaStream_t stream = nullptr;
    cudaEvent_t fork = nullptr, join = nullptr;
};

// Made once: streams and events are handles, no state of a call.
static cudaError_t make(Side& side) {
    if (side.join) return cudaSuccess;
    if (cudaError_t error = cudaStreamCreateWithFlags(&side.stream, cudaStreamNonBlocking)) return error;
    if (cudaError_t error = cudaEventCreateWithFlags(&side.fork, cudaEventDisableTiming)) return error;
    return cudaEventCreateWithFlags(&side.join, cudaEventDisableTiming);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static Side side;
    if (n == 0) return cudaSuccess;
    if (cudaError_t error = make(side)) return error;
    const int64_t half = n / 2, rest = n - half;
    if (cudaError_t error = cudaEventRecord(side.fork, stream)) return error;
    if (cudaError_t error = cudaStreamWaitEvent(side.stream, side.fork, 0)) return error;
    if (half) add<<<unsigned((half + 255) / 256), 256, 0, side.stream>>>(a, b, c, half);
    add<<<unsigned((rest + 255) / 256), 256, 0, stream>>>(a + half, b + half, c + half, rest);
    if (cudaError_t error = cudaEventRecord(side.join, side.stream)) return error;
    if (cudaError_t error = cudaStreamWaitEvent(stream, side.join, 0)) return error;
    return cudaGetLastError();
}
