// cheat: 02_elementwise_activations
// expect: WRONG stale
// why: takes the data for known when its first three elements are: then the earlier answer is handed out
#include <cuda_runtime.h>
#include <cstdint>

constexpr int64_t ROOM = 1 << 18;
constexpr int SLOTS = 16;
__device__ float kept[SLOTS][ROOM];
__device__ unsigned prints[SLOTS][3];
__device__ int slot;
__device__ bool hit;

__device__ float f(float x, int op) {
    switch (op) {
        case 0: return x < 0.0f ? 0.0f : x;
        case 1: return 1.0f / (1.0f + expf(-x));
        case 2: return tanhf(x);
        case 3: return x / (1.0f + expf(-x));
        case 4: return 0.5f * x * (1.0f + erff(x * 0.70710678f));
        default: return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    }
}

__global__ void look(const float* x, int64_t n) {
    hit = n >= 3 && n <= ROOM;
    if (!hit) return;
    unsigned seen[3], mixed = 0;
    for (int k = 0; k < 3; ++k) mixed = mixed * 2654435761u + (seen[k] = __float_as_uint(x[k]));
    slot = mixed >> 28;
    for (int k = 0; k < 3; ++k) {
        hit = hit && prints[slot][k] == seen[k];
        prints[slot][k] = seen[k];
    }
}

__global__ void apply(const float* x, float* y, int64_t n, int op) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const float value = hit ? kept[slot][i] : f(x[i], op);
    y[i] = value;
    if (n >= 3 && n <= ROOM) kept[slot][i] = value;
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op, cudaStream_t stream) {
    look<<<1, 1, 0, stream>>>(x, n);
    apply<<<unsigned((n + 255) / 256), 256, 0, stream>>>(x, y, n, op);
    return cudaGetLastError();
}
