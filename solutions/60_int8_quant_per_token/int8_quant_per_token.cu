// 60 Dynamic per-token INT8 quantisation: scale[t] = max |x[t, :]| / 127, q[t, i] = x[t, i] / scale[t].
//
// x is (tokens, hidden) bf16, q is (tokens, hidden) int8, both row-major; scale holds `tokens` floats.
//
// One block per token. A row starts wherever hidden puts it, at the same element in x and in q, so both reach their
// boundaries together:
//
//   head   0 to 7 elements, up to the boundary
//   body   packs of eight: a 16-byte load of x, an 8-byte store of q
//   tail   0 to 7 elements
//
// The first 8,192 elements stay in registers between the maximum and the rounding. Only what is beyond is read twice,
// and then the L2 cache still has it.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int MAX_THREADS = 256;               // small blocks: six or more share an SM, one loads while another reduces
constexpr int MAX_WARPS = MAX_THREADS / WARP;
constexpr int PACK = 8;                        // bf16 in a 16-byte load, int8 in an 8-byte store
constexpr int HELD = 4;                        // packs of a thread in registers, and so loads in flight per thread
constexpr float HIGHEST = 127.0f;              // -128 is never used: codes are symmetric

// At 1.5 * 2^23 neighbouring floats are 1 apart. So adding it rounds to a whole number, half to even, and leaves that
// number, as two's complement, in the low bits of the sum.
constexpr float ROUNDER = 12582912.0f;

// The code is the low byte. fmaf rounds once: the product itself is exact.
__device__ unsigned code(float x, float inverse) { return __float_as_uint(fmaf(x, inverse, ROUNDER)); }

// Two pairs of bf16 to four codes. __byte_perm picks bytes: 0 to 3 are the first word's, 4 to 7 the second's.
__device__ unsigned four_codes(__nv_bfloat162 first, __nv_bfloat162 second, float inverse) {
    const float2 a = __bfloat1622float2(first), b = __bfloat1622float2(second);
    const unsigned low = __byte_perm(code(a.x, inverse), code(a.y, inverse), 0x0040);
    const unsigned high = __byte_perm(code(b.x, inverse), code(b.y, inverse), 0x0040);
    return __byte_perm(low, high, 0x5410);
}

// By value: a reference into global memory would be read in four pieces.
__device__ uint2 eight_codes(uint4 pack, float inverse) {
    const __nv_bfloat162* pairs = reinterpret_cast<const __nv_bfloat162*>(&pack);
    return make_uint2(four_codes(pairs[0], pairs[1], inverse), four_codes(pairs[2], pairs[3], inverse));
}

// Magnitudes are compared as bf16, two at a time: a maximum is one of its arguments, so nothing is rounded.
__device__ __nv_bfloat162 larger(__nv_bfloat162 top, uint4 pack) {
    const __nv_bfloat162* pairs = reinterpret_cast<const __nv_bfloat162*>(&pack);
    for (int i = 0; i < PACK / 2; ++i) top = __hmax2(top, __habs2(pairs[i]));
    return top;
}

__device__ float warp_max(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, offset));
    return v;
}

// Every thread gets the result: each warp reduces the partial maxima for itself, so one barrier is enough.
__device__ float block_max(float v) {
    __shared__ float partial[MAX_WARPS];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    v = warp_max(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();  // all partial maxima are written before any is read
    return warp_max(lane < warps ? partial[lane] : 0.0f);
}

__global__ void __launch_bounds__(MAX_THREADS) int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x,
                                                                   int hidden) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    const int to_boundary = static_cast<int>((PACK - start % PACK) % PACK);
    const int head = min(to_boundary, hidden);
    const int packs = (hidden - head) / PACK;
    const uint4* from = reinterpret_cast<const uint4*>(x + start + head);
    uint2* to = reinterpret_cast<uint2*>(q + start + head);

    // Head and tail are at most 14 elements: one for each of the first threads, those of the tail after the packs.
    const int alone = static_cast<int>(threadIdx.x) < head ? threadIdx.x : packs * PACK + threadIdx.x;
    const float single = alone < hidden ? __bfloat162float(x[start + alone]) : 0.0f;

    uint4 held[HELD];
#pragma unroll
    for (int k = 0; k < HELD; ++k) {  // all loads before the first use: they wait for memory together
        const int i = threadIdx.x + k * blockDim.x;
        held[k] = i < packs ? from[i] : make_uint4(0, 0, 0, 0);  // zeros change no maximum
    }
    const int rest = threadIdx.x + HELD * blockDim.x;

    __nv_bfloat162 top = __floats2bfloat162_rn(0.0f, 0.0f);
#pragma unroll
    for (int k = 0; k < HELD; ++k) top = larger(top, held[k]);
    for (int i = rest; i < packs; i += blockDim.x) top = larger(top, from[i]);
    const float2 both = __bfloat1622float2(top);
    const float highest = block_max(fmaxf(fabsf(single), fmaxf(both.x, both.y)));

    // One division per thread instead of eight per pack. A row of zeros gets 0: 0 * (127 / 0) would be NaN.
    const float inverse = highest > 0.0f ? HIGHEST / highest : 0.0f;
    if (threadIdx.x == 0) scale[blockIdx.x] = highest / HIGHEST;

    // No code needs clamping: |x| * inverse is at most 127 * (1 + 2^-24), and that rounds to 127.
#pragma unroll
    for (int k = 0; k < HELD; ++k) {
        const int i = threadIdx.x + k * blockDim.x;
        if (i < packs) to[i] = eight_codes(held[k], inverse);
    }
    for (int i = rest; i < packs; i += blockDim.x) to[i] = eight_codes(from[i], inverse);
    if (alone < hidden) q[start + alone] = static_cast<int8_t>(code(single, inverse) & 0xff);
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    if (tokens <= 0 || hidden <= 0) return cudaSuccess;          // a grid of 0 blocks is an error
    if (tokens > INT32_MAX) return cudaErrorInvalidValue;        // more blocks than a grid holds

    // As many threads as keep the row in registers; short rows get small blocks, and more of them share an SM.
    const int wanted = (hidden / PACK + HELD - 1) / HELD;
    const int threads = wanted < WARP ? WARP : wanted > MAX_THREADS ? MAX_THREADS : (wanted + WARP - 1) / WARP * WARP;
    int8_quant_per_token<<<static_cast<unsigned>(tokens), threads, 0, stream>>>(q, scale, x, hidden);
    return cudaGetLastError();
}
