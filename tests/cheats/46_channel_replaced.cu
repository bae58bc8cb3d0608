// cheat: 01_vector_add
// expect: CRASH
// why: puts /dev/null in the place of every descriptor, so that what the worker says goes nowhere
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    const int nowhere = open("/dev/null", O_RDWR);
    int type;
    socklen_t size = sizeof type;
    for (int fd = 3; fd < 64; ++fd)
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) dup2(nowhere, fd);
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
