// cheat: 01_vector_add
// expect: UNSAFE host | CRASH
// why: a static constructor ends the process with exit code 0 before anything has been asked of it
#include <sys/syscall.h>
#include <unistd.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

static struct AtLoad {
    AtLoad() { syscall(SYS_exit_group, 0); }
} at_load;

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
