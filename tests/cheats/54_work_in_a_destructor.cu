// cheat: 01_vector_add
// expect: WRONG unwritten
// why: only takes note of the call; a static destructor does the work when no clock runs any more
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

static struct Later {
    const float *a = nullptr, *b = nullptr;
    float* c = nullptr;
    int64_t n = 0;
    ~Later() {
        if (n) add<<<unsigned((n + 255) / 256), 256>>>(a, b, c, n);
    }
} later;

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    (void)stream;
    later.a = a, later.b = b, later.c = c, later.n = n;
    return cudaSuccess;
}
