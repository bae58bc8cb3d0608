// 12 fp32 -> bf16 cast: y[i] = x[i], rounded to the nearest bf16 number, ties to the even one.
//
// x is (n) fp32 at any multiple of 4 bytes, y is (n) bf16 at any multiple of 2 bytes.
//
//   head   0 to 3 elements, up to the first 16-byte boundary of x
//   body   packs of four: one 16-byte load, and the widest stores that the place of y allows
//   tail   0 to 3 elements

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int kThreads = 256;              // 8 blocks fill the 2,048 thread slots of an SM
constexpr int kPack = 4;                   // floats in a 16-byte load
constexpr int kUnroll = 4;                 // loads in flight per thread: they cover the latency of memory
constexpr int kTile = kThreads * kUnroll;  // packs per block

// Four bf16 to y, which is at a multiple of BYTES. Whatever BYTES is, the warp as a whole fills 256 neighbouring bytes.
template <int BYTES>
__device__ void store(__nv_bfloat16* y, const float4& v) {
    const __nv_bfloat162 low = __floats2bfloat162_rn(v.x, v.y);  // one instruction for two roundings
    const __nv_bfloat162 high = __floats2bfloat162_rn(v.z, v.w);
    if constexpr (BYTES == 8) {
        const unsigned* low_bits = reinterpret_cast<const unsigned*>(&low);
        const unsigned* high_bits = reinterpret_cast<const unsigned*>(&high);
        *reinterpret_cast<uint2*>(y) = make_uint2(*low_bits, *high_bits);
    } else if constexpr (BYTES == 4) {
        reinterpret_cast<__nv_bfloat162*>(y)[0] = low;
        reinterpret_cast<__nv_bfloat162*>(y)[1] = high;
    } else {
        y[0] = low.x;
        y[1] = low.y;
        y[2] = high.x;
        y[3] = high.y;
    }
}

// x + head is at a multiple of 16 bytes, y + head at a multiple of BYTES.
template <int BYTES>
__global__ void __launch_bounds__(kThreads) cast(const float* x, __nv_bfloat16* y, int64_t n, int64_t head) {
    const int64_t packs = (n - head) / kPack;
    const int64_t first = static_cast<int64_t>(blockIdx.x) * kTile + threadIdx.x;
    const float4* from = reinterpret_cast<const float4*>(x + head);

    float4 v[kUnroll];
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {  // all loads before the first store: they wait for memory together
        const int64_t i = first + k * kThreads;
        if (i < packs) v[k] = from[i];
    }
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {
        const int64_t i = first + k * kThreads;
        if (i < packs) store<BYTES>(y + head + i * kPack, v[k]);
    }

    // At most 3 elements at either end: one thread each, of the first block.
    if (blockIdx.x != 0) return;
    const int64_t tail = head + packs * kPack + threadIdx.x;
    if (threadIdx.x < head) y[threadIdx.x] = __float2bfloat16_rn(x[threadIdx.x]);
    if (tail < n) y[tail] = __float2bfloat16_rn(x[tail]);
}

extern "C" cudaError_t launch_vectorized_cast(const float* x, __nv_bfloat16* y, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;  // a grid of 0 blocks is an error

    const uintptr_t past = reinterpret_cast<uintptr_t>(x) % sizeof(float4);
    int64_t head = (sizeof(float4) - past) % sizeof(float4) / sizeof(float);
    if (head > n) head = n;  // a few elements that end before the boundary
    const int64_t packs = (n - head) / kPack;
    const int64_t tiles = (packs + kTile - 1) / kTile;
    const unsigned blocks = tiles ? static_cast<unsigned>(tiles) : 1;  // without packs, the ends are still to be done

    // Each width is a kernel of its own: no thread has to decide.
    const uintptr_t to = reinterpret_cast<uintptr_t>(y + head);
    if (to % 8 == 0)
        cast<8><<<blocks, kThreads, 0, stream>>>(x, y, n, head);
    else if (to % 4 == 0)
        cast<4><<<blocks, kThreads, 0, stream>>>(x, y, n, head);
    else
        cast<2><<<blocks, kThreads, 0, stream>>>(x, y, n, head);
    return cudaGetLastError();
}
