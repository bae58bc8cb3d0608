// 26 Decode GEMV: y[n] = W[n, 0] * x[0] + ... + W[n, K - 1] * x[K - 1] for 0 <= n < N.
//
// W is an (N, K) matrix of fp16 numbers in device memory, row-major; x has K of them, y N. K is a multiple of 8, and
// W and x start at 16-byte boundaries: so does every row. Sums are fp32, rounded once.
//
// Every weight is used once, so nothing counts but how W is read: two rows per warp, eight 16-byte loads of W under way
// per thread. x is small: it comes from the L1 cache, and each of its packs serves two rows.

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstddef>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int PACK = 8;       // halves in a 16-byte load
constexpr int ROWS = 2;       // per warp: half the loads of x, and half the conversions of it
constexpr int STEPS = 4;      // packs of a row per lane whose loads are issued before the first product
constexpr int THREADS = 128;  // no barrier ties the warps together: small blocks, so that the last ones end early
constexpr int BLOCKS = 8;     // per SM: 64 registers a thread, 1,024 threads with 128 bytes of W under way each
constexpr int ROWS_PER_BLOCK = THREADS / WARP * ROWS;

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// A product of two 11-bit numbers is exact in fp32. Even and odd elements have sums of their own: two chains.
__device__ void add_pair(float2& sum, unsigned w, const float2& x) {
    const float2 v = __half22float2(*reinterpret_cast<const __half2*>(&w));
    sum.x = fmaf(v.x, x.x, sum.x);
    sum.y = fmaf(v.y, x.y, sum.y);
}

__device__ void add_pack(float2& sum, const uint4& w, const float2 (&x)[PACK / 2]) {
    add_pair(sum, w.x, x[0]);
    add_pair(sum, w.y, x[1]);
    add_pair(sum, w.z, x[2]);
    add_pair(sum, w.w, x[3]);
}

__device__ void unpack(float2 (&to)[PACK / 2], const uint4& x) {
    to[0] = __half22float2(*reinterpret_cast<const __half2*>(&x.x));
    to[1] = __half22float2(*reinterpret_cast<const __half2*>(&x.y));
    to[2] = __half22float2(*reinterpret_cast<const __half2*>(&x.z));
    to[3] = __half22float2(*reinterpret_cast<const __half2*>(&x.w));
}

__global__ void __launch_bounds__(THREADS, BLOCKS)
    gemv_decode(const __half* __restrict__ W, const __half* __restrict__ x, __half* __restrict__ y, int N, int K) {
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int first = blockIdx.x * ROWS_PER_BLOCK + warp * ROWS, packs = K / PACK;
    if (first >= N) return;  // the whole warp: the shuffles below see all lanes or none

    const uint4* x_packs = reinterpret_cast<const uint4*>(x);
    const uint4* rows[ROWS];
    float2 sum[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        const int row = first + r < N ? first + r : N - 1;  // with odd N the last row is read twice and stored once
        rows[r] = reinterpret_cast<const uint4*>(W + static_cast<size_t>(row) * K);  // W may have 2^31 elements
        sum[r] = make_float2(0.0f, 0.0f);
    }

    // 32 neighbouring lanes, 32 neighbouring packs: a warp reads 512 bytes of a row at a time.
    for (int p = lane; p < packs; p += STEPS * WARP) {
        uint4 w[STEPS][ROWS], v[STEPS];
#pragma unroll
        for (int s = 0; s < STEPS; ++s) {
            const bool inside = p + s * WARP < packs;  // zeros beyond the row's end add nothing
#pragma unroll
            for (int r = 0; r < ROWS; ++r)  // __ldcs: nobody reads W again, the caches are for x
                w[s][r] = inside ? __ldcs(rows[r] + p + s * WARP) : make_uint4(0, 0, 0, 0);
            v[s] = inside ? x_packs[p + s * WARP] : make_uint4(0, 0, 0, 0);
        }
#pragma unroll
        for (int s = 0; s < STEPS; ++s) {
            float2 pairs[PACK / 2];
            unpack(pairs, v[s]);
#pragma unroll
            for (int r = 0; r < ROWS; ++r) add_pack(sum[r], w[s][r], pairs);
        }
    }

#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
        const float total = warp_sum(sum[r].x + sum[r].y);
        if (lane == 0 && first + r < N) y[first + r] = __float2half(total);  // the only rounding to fp16
    }
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    gemv_decode<<<(N + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK, THREADS, 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
