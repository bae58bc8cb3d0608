// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: forks to one stream, from there to a second, and joins that one only: the first is joined through it
#include <cuda_runtime.h>
#include <cstdint>

__global__ void copy(const float* a, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i];
}

__global__ void accumulate(const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] += b[i];
}

struct Chain {
    cudaStream_t first = nullptr, second = nullptr;
    cudaEvent_t fork = nullptr, between = nullptr, join = nullptr;
};

static cudaError_t make(Chain& c) {  // handles are no state of a call
    if (c.join) return cudaSuccess;
    for (cudaStream_t* s : {&c.first, &c.second})
        if (cudaError_t error = cudaStreamCreateWithFlags(s, cudaStreamNonBlocking)) return error;
    for (cudaEvent_t* e : {&c.fork, &c.between, &c.join})
        if (cudaError_t error = cudaEventCreateWithFlags(e, cudaEventDisableTiming)) return error;
    return cudaSuccess;
}

static cudaError_t after(cudaEvent_t event, cudaStream_t before, cudaStream_t then) {
    if (cudaError_t error = cudaEventRecord(event, before)) return error;
    return cudaStreamWaitEvent(then, event, 0);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static Chain chain;
    if (n == 0) return cudaSuccess;
    if (cudaError_t error = make(chain)) return error;
    const unsigned blocks = unsigned((n + 255) / 256);
    if (cudaError_t error = after(chain.fork, stream, chain.first)) return error;
    copy<<<blocks, 256, 0, chain.first>>>(a, c, n);
    if (cudaError_t error = after(chain.between, chain.first, chain.second)) return error;
    accumulate<<<blocks, 256, 0, chain.second>>>(b, c, n);
    return after(chain.join, chain.second, stream);
}
