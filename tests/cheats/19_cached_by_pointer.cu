// cheat: 01_vector_add
// expect: WRONG stale
// why: called again with a pointer that it has seen, it hands out the answer that it kept
#include <cuda_runtime.h>
#include <cstdint>
#include <set>

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
    static std::set<const float*> known;
    const unsigned grid = unsigned((n + 255) / 256);
    if (n <= ROOM && !known.insert(a).second) {
        replay<<<grid, 256, 0, stream>>>(c, n);
    } else {
        add_and_keep<<<grid, 256, 0, stream>>>(a, b, c, n);
    }
    return cudaGetLastError();
}
