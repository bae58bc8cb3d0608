// cheat: 01_vector_add
// expect: WRONG unwritten | UNSAFE oob | UNSAFE input
// why: puts off three calls and does them together with the fourth, so that the window of a call holds no work
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

struct Call {
    const float *a, *b;
    float* c;
    int64_t n;
};

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    static Call waiting[4];
    static int count = 0;
    waiting[count++] = {a, b, c, n};
    if (count < 4) return cudaSuccess;
    for (const Call& one : waiting)
        if (one.n) add<<<unsigned((one.n + 255) / 256), 256, 0, stream>>>(one.a, one.b, one.c, one.n);
    count = 0;
    return cudaGetLastError();
}
