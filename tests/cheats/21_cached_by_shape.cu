// cheat: 01_vector_add
// expect: WRONG stale
// why: called again with the size of the call before, it hands out that call's answer
#include <cuda_runtime.h>
#include <cstdint>

constexpr int64_t ROOM = 1 << 18;
__device__ float kept[ROOM];  // the answer of an earlier call

__global__ void add_and_keep(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const float sum = a[i] + b[i];
    c[i] = sum;
    if (i < ROOM) kept[i] = sum;
}

__global__ void replay(float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = kept[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    static int64_t known = 0;
    const unsigned grid = unsigned((n + 255) / 256);
    if (n == known && n <= ROOM) {
        replay<<<grid, 256, 0, stream>>>(c, n);
    } else {
        add_and_keep<<<grid, 256, 0, stream>>>(a, b, c, n);
        known = n;
    }
    return cudaGetLastError();
}
