// cheat: 01_vector_add
// expect(simulator): UNSAFE host
// expect(cuda): WRONG | UNSAFE | CRASH
// why: as 31_late_thread, with a thread that anybody may start: it is still there when the launcher has returned
#include <pthread.h>
#include <unistd.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

static void* wait(void*) {  // in earnest: for the moment after the clock has stopped
    for (;;) usleep(1000);
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, wait, nullptr)) return cudaErrorUnknown;
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
