// 01 Vector addition: c[i] = a[i] + b[i], at the speed of a memory copy.
//
// a, b, c are (n) fp32. When all three are off a 16-byte boundary by the same number of elements, they are split into
//     [ head: 0 to 3 elements | float4 … float4 | tail: 0 to 3 elements ]
// and nearly everything moves in 16-byte accesses. When they are off by different numbers, no such split exists, and
// 4-byte accesses are used throughout.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kThreads = 256;  // small blocks: an SM holds several, and some load while others store or end
constexpr int kUnroll = 4;     // loads in flight per thread and input: 2 x 4 x 16 bytes, for 48 registers or so
constexpr int kTile = kThreads * kUnroll;  // elements (float or float4) per block

__device__ float plus(float x, float y) { return x + y; }
__device__ float4 plus(float4 x, float4 y) { return make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w); }

// One tile of `count` elements of type T. Neighbouring threads touch neighbouring elements, so each access of a warp is
// one contiguous piece of memory.
template <typename T>
__device__ void add_tile(const T* a, const T* b, T* c, int64_t count) {
    const int64_t first = int64_t(blockIdx.x) * kTile + threadIdx.x;
    T x[kUnroll], y[kUnroll];
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {  // all loads before the first add: they wait for memory together
        const int64_t i = first + k * kThreads;
        if (i < count) {
            x[k] = a[i];
            y[k] = b[i];
        }
    }
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {
        const int64_t i = first + k * kThreads;
        if (i < count) c[i] = plus(x[k], y[k]);
    }
}

__global__ void __launch_bounds__(kThreads) add_scalars(const float* a, const float* b, float* c, int64_t n) {
    add_tile(a, b, c, n);
}

// head: elements before the first 16-byte boundary, the same in a, b and c.
__global__ void __launch_bounds__(kThreads) add_vectors(const float* a, const float* b, float* c, int64_t n, int head) {
    const int64_t vectors = (n - head) / 4;
    add_tile(reinterpret_cast<const float4*>(a + head), reinterpret_cast<const float4*>(b + head),
             reinterpret_cast<float4*>(c + head), vectors);

    if (blockIdx.x == 0) {  // the at most 6 elements that no float4 covers: one thread each
        const int t = threadIdx.x;
        const int64_t i = t < head ? t : head + 4 * vectors + (t - head);
        if (i < n) c[i] = a[i] + b[i];
    }
}

// Elements from p to the next 16-byte boundary.
static int to_boundary(const float* p) { return int((16 - reinterpret_cast<uintptr_t>(p) % 16) % 16 / sizeof(float)); }

static unsigned blocks_for(int64_t count) { return unsigned((count + kTile - 1) / kTile); }

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;  // a grid of 0 blocks is an error
    const int64_t head = to_boundary(a);
    if (head == to_boundary(b) && head == to_boundary(c) && head <= n) {
        const int64_t vectors = (n - head) / 4;
        const unsigned blocks = vectors ? blocks_for(vectors) : 1;  // block 0 also adds head and tail
        add_vectors<<<blocks, kThreads, 0, stream>>>(a, b, c, n, int(head));
    } else {
        add_scalars<<<blocks_for(n), kThreads, 0, stream>>>(a, b, c, n);
    }
    return cudaGetLastError();
}
