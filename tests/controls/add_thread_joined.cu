// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: works out the grid in a thread of its own, which has ended when the launcher returns
#include <pthread.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

static void* blocks(void* n) {
    int64_t& count = *static_cast<int64_t*>(n);
    count = (count + 255) / 256;
    return nullptr;
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    int64_t count = n;
    pthread_t thread;
    if (pthread_create(&thread, nullptr, blocks, &count) || pthread_join(thread, nullptr)) return cudaErrorUnknown;
    if (n == 0) return cudaSuccess;
    add<<<unsigned(count), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
