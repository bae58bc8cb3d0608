// 08 Mixed-precision dot product: out[0] = a[0]*b[0] + a[1]*b[1] + ... + a[n - 1]*b[n - 1].
//
// a and b hold n fp16 numbers each in device memory and may start at any element; out holds one fp32 number; ws holds
// one partial sum per block.
//
// Two launches, as in exercise 05: every block sums its share into ws[block], then one block sums ws into out.
// When a and b are equally far from a 16-byte boundary, the elements before it are peeled off and the rest is loaded
// eight at a time; when they are not, no peel aligns both, and everything is loaded one by one.

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 256;      // 8 blocks of it fill an SM; small enough that a barrier stops few warps
constexpr int BLOCKS_PER_SM = 8;  // 2,048 threads, all that an SM can hold (sm_80, sm_90)
constexpr int PACK = 8;           // halves in a 16-byte load
constexpr int PACKS = 2;          // loads in flight per thread and vector: 128 KB under way per SM
constexpr int64_t TILE = THREADS * PACKS * PACK;  // elements that a block takes in one step

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// The block's sum, in thread 0.
__device__ float block_sum(float v) {
    __shared__ float partial[THREADS / WARP];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    v = warp_sum(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();  // the first warp reads what the others have written
    if (warp == 0) v = warp_sum(lane < THREADS / WARP ? partial[lane] : 0.0f);
    return v;
}

// ---------------------------------------------------------------- products: fp16 in, fp32 from there on

// A product of two 11-bit numbers has 22 bits: exact in fp32, so the only roundings are those of the additions.
// Even and odd elements go to sums of their own: two chains that do not wait for each other.
__device__ void add_pair(float2& sum, unsigned a, unsigned b) {
    const float2 x = __half22float2(*reinterpret_cast<const __half2*>(&a));
    const float2 y = __half22float2(*reinterpret_cast<const __half2*>(&b));
    sum.x = fmaf(x.x, y.x, sum.x);
    sum.y = fmaf(x.y, y.y, sum.y);
}

__device__ void add_pack(float2& sum, const uint4& a, const uint4& b) {
    add_pair(sum, a.x, b.x);
    add_pair(sum, a.y, b.y);
    add_pair(sum, a.z, b.z);
    add_pair(sum, a.w, b.w);
}

// Elements [from, to), one a thread, over all blocks.
__device__ float scalar_part(const __half* a, const __half* b, int64_t from, int64_t to) {
    const int64_t stride = static_cast<int64_t>(gridDim.x) * THREADS;
    float sum = 0.0f;
    for (int64_t i = from + blockIdx.x * THREADS + threadIdx.x; i < to; i += stride)
        sum = fmaf(__half2float(a[i]), __half2float(b[i]), sum);
    return sum;
}

// sums[block] = its share of the products. Elements [head, head + tiles * TILE) of both vectors are 16-byte aligned.
__global__ void __launch_bounds__(THREADS) partial_dots(const __half* a, const __half* b, int64_t n, int64_t head,
                                                        int64_t tiles, float* sums) {
    const uint4* a_packs = reinterpret_cast<const uint4*>(a + head);
    const uint4* b_packs = reinterpret_cast<const uint4*>(b + head);
    float2 sum = make_float2(0.0f, 0.0f);

    for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        const int64_t first = tile * (TILE / PACK) + threadIdx.x;
        uint4 va[PACKS], vb[PACKS];
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {  // all loads first, then the arithmetic
            va[i] = a_packs[first + i * THREADS];
            vb[i] = b_packs[first + i * THREADS];
        }
#pragma unroll
        for (int i = 0; i < PACKS; ++i) add_pack(sum, va[i], vb[i]);
    }

    const float ends = scalar_part(a, b, 0, head) + scalar_part(a, b, head + tiles * TILE, n);
    const float total = block_sum(sum.x + sum.y + ends);
    if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

__global__ void __launch_bounds__(THREADS) add_up(const float* sums, int count, float* out) {
    float sum = 0.0f;
    for (int i = threadIdx.x; i < count; i += THREADS) sum += sums[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum;
}

// ---------------------------------------------------------------- launch

// Elements from p to the next 16-byte boundary.
static int64_t to_boundary(const __half* p) {
    const uintptr_t past = reinterpret_cast<uintptr_t>(p) % sizeof(uint4);
    return static_cast<int64_t>((sizeof(uint4) - past) % sizeof(uint4) / sizeof(__half));
}

// As many blocks as are resident at once, but none without a tile, and one float of ws for each.
static cudaError_t choose_grid(int64_t n, size_t ws_bytes, int64_t* grid) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    const int64_t resident = static_cast<int64_t>(sms) * BLOCKS_PER_SM;
    const int64_t room = static_cast<int64_t>(ws_bytes / sizeof(float));
    *grid = (n + TILE - 1) / TILE;
    if (*grid > resident) *grid = resident;
    if (*grid > room) *grid = room;
    if (*grid < 1) *grid = 1;
    return cudaSuccess;
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void* ws,
                                          size_t ws_bytes, cudaStream_t stream) {
    int64_t grid = 1, head = 0, tiles = 0;
    if (cudaError_t error = choose_grid(n, ws_bytes, &grid)) return error;
    if (to_boundary(a) == to_boundary(b) && n > to_boundary(a)) {
        head = to_boundary(a);
        tiles = (n - head) / TILE;
    }
    if (grid == 1) {  // one block has it all: no second pass
        partial_dots<<<1, THREADS, 0, stream>>>(a, b, n, head, tiles, out);
        return cudaGetLastError();
    }
    float* sums = static_cast<float*>(ws);
    partial_dots<<<static_cast<unsigned>(grid), THREADS, 0, stream>>>(a, b, n, head, tiles, sums);
    add_up<<<1, THREADS, 0, stream>>>(sums, static_cast<int>(grid), out);
    return cudaGetLastError();
}
