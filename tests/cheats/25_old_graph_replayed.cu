// cheat: 01_vector_add
// expect(simulator): UNSAFE oob | WRONG
// expect(cuda): UNSAFE | WRONG | CRASH
// why: records a graph at the first call and replays it at the others, with the pointers of the first
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static cudaGraphExec_t recorded = nullptr;
    if (n == 0) return cudaSuccess;
    if (!recorded) {
        cudaStream_t own;
        cudaGraph_t graph;
        if (cudaError_t error = cudaStreamCreateWithFlags(&own, cudaStreamNonBlocking)) return error;
        if (cudaError_t error = cudaStreamBeginCapture(own, cudaStreamCaptureModeThreadLocal)) return error;
        add<<<unsigned((n + 255) / 256), 256, 0, own>>>(a, b, c, n);
        if (cudaError_t error = cudaStreamEndCapture(own, &graph)) return error;
        if (cudaError_t error = cudaGraphInstantiate(&recorded, graph, 0)) return error;
    }
    return cudaGraphLaunch(recorded, stream);
}
