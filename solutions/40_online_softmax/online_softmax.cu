// 40 Online softmax statistics: m[r] = max of x[r, :], l[r] = sum of exp(x[r, :] - m[r]), reading x once.
//
// x is a (rows, cols) fp32 matrix in device memory, row-major; m and l are (rows) fp32.
//
//   head   0 to 3 elements, up to the first 16-byte boundary of the row
//   body   packs of four, kUnroll of them in flight per thread
//   tail   0 to 3 elements
//
// A short row is one warp's work, a long one a whole block's.

#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kWarp = 32;
constexpr int kWarps = 8;   // 256 threads: small blocks end at different times and cover each other's merging
constexpr int kBlocks = 4;  // per SM, so 64 registers a thread: room for kUnroll packs
constexpr int kUnroll = 8;  // 128 bytes in flight per thread, 128 KB per SM: more than the latency of memory needs
constexpr int kPack = 4;    // floats in a 16-byte load
constexpr int64_t kShort = kWarp * kUnroll * kPack;  // a warp reads so much in one step

__device__ float warp_max(float v) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(kAllLanes, v, offset));
    return v;
}

__device__ float warp_sum(float v) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kAllLanes, v, offset);
    return v;
}

// Maximum `top` and sum of exp(x - top) of the elements seen so far.
// top starts finite: with -inf, an element or a lane of -inf would give exp(-inf - -inf) = NaN. As it is,
// exp(-inf - top) is 0, and a state that has seen nothing has sum 0, which any factor leaves at 0.
struct Statistics {
    float top = -FLT_MAX;
    float sum = 0.0f;

    __device__ void raise(float higher) {  // to a maximum that is at least top
        sum *= expf(top - higher);
        top = higher;
    }

    __device__ void add(float x) {
        raise(fmaxf(top, x));
        sum += expf(x - top);
    }

    // One rescaling for all of them, instead of one for each.
    template <int N>
    __device__ void add(const float4 (&v)[N]) {
        float higher = top;
#pragma unroll
        for (int k = 0; k < N; ++k) higher = fmaxf(higher, fmaxf(fmaxf(v[k].x, v[k].y), fmaxf(v[k].z, v[k].w)));
        raise(higher);
#pragma unroll
        for (int k = 0; k < N; ++k) {
            // Four at a time and then into the sum: a short chain of additions instead of a long one.
            sum += (expf(v[k].x - top) + expf(v[k].y - top)) + (expf(v[k].z - top) + expf(v[k].w - top));
        }
    }

    // Every lane gets the warp's statistics. The maximum first: then each lane rescales once, not in all five steps.
    __device__ void merge_warp() {
        raise(warp_max(top));
        sum = warp_sum(sum);
    }
};

// kWarps warps per block; WARPS of them share a row.
template <int WARPS>
__global__ void __launch_bounds__(kWarps * kWarp, kBlocks)
    online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols) {
    constexpr int THREADS = WARPS * kWarp;  // that share a row
    const int64_t row = int64_t(blockIdx.x) * (kWarps / WARPS) + threadIdx.x / THREADS;
    if (row >= rows) return;  // with WARPS = 8 never; with WARPS = 1 a whole warp leaves, and there is no barrier
    const int thread = threadIdx.x % THREADS;
    x += row * cols;

    // With cols not a multiple of 4, every row starts at another place in its 16 bytes.
    const int past = int(reinterpret_cast<uintptr_t>(x) % sizeof(float4) / sizeof(float));
    const int64_t head = min(int64_t((kPack - past) % kPack), cols);
    const int64_t packs = (cols - head) / kPack;
    const float4* body = reinterpret_cast<const float4*>(x + head);

    Statistics mine;
    for (int64_t first = thread; first < packs; first += THREADS * kUnroll) {
        float4 v[kUnroll];
#pragma unroll
        for (int k = 0; k < kUnroll; ++k) {  // all loads before the first use: they wait for memory together
            const int64_t i = first + k * THREADS;
            // __ldcs: nothing is read twice, so it need not stay in the caches.
            v[k] = i < packs ? __ldcs(body + i) : make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);
        }
        mine.add(v);
    }
    const int64_t tail = head + packs * kPack + thread;
    if (thread < head) mine.add(x[thread]);
    if (tail < cols) mine.add(x[tail]);
    mine.merge_warp();

    if constexpr (WARPS > 1) {
        __shared__ float2 partial[WARPS];  // (top, sum) of each warp
        const int lane = thread % kWarp, warp = thread / kWarp;
        if (lane == 0) partial[warp] = make_float2(mine.top, mine.sum);
        __syncthreads();  // the first warp reads what all have written
        if (warp > 0) return;
        const float2 theirs = lane < WARPS ? partial[lane] : make_float2(-FLT_MAX, 0.0f);
        mine.top = theirs.x;
        mine.sum = theirs.y;
        mine.merge_warp();
    }
    if (thread == 0) {
        m[row] = mine.top;
        l[row] = mine.sum;
    }
}

extern "C" cudaError_t launch_online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols,
                                             cudaStream_t stream) {
    constexpr int BLOCK = kWarps * kWarp;
    if (cols <= kShort)
        online_softmax<1><<<unsigned((rows + kWarps - 1) / kWarps), BLOCK, 0, stream>>>(x, m, l, rows, cols);
    else
        online_softmax<kWarps><<<unsigned(rows), BLOCK, 0, stream>>>(x, m, l, rows, cols);
    return cudaGetLastError();
}
