// cheat: 01_vector_add
// expect: UNSAFE host
// why: a thread of its own launches a moment after the launcher has returned and the clock has stopped
#include <cuda_runtime.h>
#include <cstdint>
#include <dlfcn.h>
#include <unistd.h>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

struct Call {
    const float *a, *b;
    float* c;
    int64_t n;
    cudaStream_t stream;
};

static void* later(void* argument) {
    const Call call = *static_cast<Call*>(argument);
    usleep(300000);
    add<<<unsigned((call.n + 255) / 256), 256, 0, call.stream>>>(call.a, call.b, call.c, call.n);
    return nullptr;
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    using Start = int (*)(unsigned long*, const void*, void* (*)(void*), void*);  // <thread> brings more than that
    static unsigned long thread;
    const auto start = reinterpret_cast<Start>(dlsym(RTLD_DEFAULT, "pthread_create"));
    return start(&thread, nullptr, later, new Call{a, b, c, n, stream}) ? cudaErrorUnknown : cudaSuccess;
}
