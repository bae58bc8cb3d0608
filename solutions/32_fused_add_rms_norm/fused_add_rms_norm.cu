// 32 Fused residual add and RMSNorm, in place. For each token t:
//
//   residual[t, c] = x[t, c] + residual[t, c], rounded to bf16
//   x[t, c] = residual[t, c] / sqrt(mean of residual[t, :]^2 + eps) * w[c], with the new residual
//
// x and residual are (tokens, hidden) bf16, read and written; w is (hidden) bf16.
//
// One block per token. The sum is stored at once, and stays in registers for the norm: nothing is read twice.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>
#include <type_traits>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int64_t MAX_GRID = 0x7fffffff;  // blocks in x: one per token

// ---------------------------------------------------------------- VEC bf16, moved by one instruction: VEC is 8 or 1

template <int VEC>
using Raw = std::conditional_t<VEC == 8, uint4, unsigned short>;

__device__ void unpack(float (&f)[1], const unsigned short& raw) { f[0] = __bfloat162float(__ushort_as_bfloat16(raw)); }

__device__ void unpack(float (&f)[8], const uint4& raw) {
    const __nv_bfloat162* pairs = reinterpret_cast<const __nv_bfloat162*>(&raw);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
        const float2 pair = __bfloat1622float2(pairs[k]);
        f[2 * k] = pair.x, f[2 * k + 1] = pair.y;
    }
}

__device__ void pack(unsigned short& raw, const float (&f)[1]) { raw = __bfloat16_as_ushort(__float2bfloat16_rn(f[0])); }

__device__ void pack(uint4& raw, const float (&f)[8]) {
    __nv_bfloat162* pairs = reinterpret_cast<__nv_bfloat162*>(&raw);
#pragma unroll
    for (int k = 0; k < 4; ++k) pairs[k] = __floats2bfloat162_rn(f[2 * k], f[2 * k + 1]);  // two in one instruction
}

// ---------------------------------------------------------------- reduction: every thread gets the sum

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

template <int THREADS>
__device__ float block_sum(float v) {
    constexpr int WARPS = THREADS / WARP;
    __shared__ float partial[WARPS];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    v = warp_sum(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();  // every warp reads what all the others have written
    return warp_sum(lane < WARPS ? partial[lane] : 0.0f);  // each warp for itself: no second barrier to broadcast
}

// ---------------------------------------------------------------- rows

// hidden <= THREADS * PACKS * VEC. All loads are issued before the first use: 2 * PACKS of them in flight per thread.
// In place: a thread reads and writes its own elements only, so no order among threads matters. But x and residual
// are written here, so they are not read with __ldg, which promises that nobody does.
template <int VEC, int THREADS, int PACKS>
__global__ void __launch_bounds__(THREADS) fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual,
                                                              const __nv_bfloat16* w, float eps, int hidden) {
    x += blockIdx.x * static_cast<int64_t>(hidden);
    residual += blockIdx.x * static_cast<int64_t>(hidden);
    Raw<VEC> raw[PACKS], other[PACKS];
    float f[VEC];

#pragma unroll
    for (int i = 0; i < PACKS; ++i) {
        const int c = (i * THREADS + threadIdx.x) * VEC;  // neighbouring threads, neighbouring addresses
        raw[i] = other[i] = Raw<VEC>{};                   // beyond the row: 0, which adds nothing
        // __ldcs: both pass through once and should leave the L1 cache to w, which every token reads again.
        if (c < hidden) {
            raw[i] = __ldcs(reinterpret_cast<const Raw<VEC>*>(x + c));
            other[i] = __ldcs(reinterpret_cast<const Raw<VEC>*>(residual + c));
        }
    }

    float squares = 0.0f;
#pragma unroll
    for (int i = 0; i < PACKS; ++i) {
        const int c = (i * THREADS + threadIdx.x) * VEC;
        float g[VEC];
        unpack(f, raw[i]);
        unpack(g, other[i]);
        for (int j = 0; j < VEC; ++j) f[j] += g[j];  // exact, or so nearly that bf16 does not see it
        pack(raw[i], f);                             // rounded here, once: residual and the norm see the same number
        // A plain store: with __stcs, the first to leave L2, both took 4 % longer (H200).
        if (c < hidden) *reinterpret_cast<Raw<VEC>*>(residual + c) = raw[i];
        unpack(f, raw[i]);
        for (int j = 0; j < VEC; ++j) squares = fmaf(f[j], f[j], squares);
    }
    const float inv = rsqrtf(block_sum<THREADS>(squares) / hidden + eps);

#pragma unroll
    for (int i = 0; i < PACKS; ++i) {
        const int c = (i * THREADS + threadIdx.x) * VEC;
        if (c < hidden) {
            float weight[VEC];
            unpack(weight, __ldg(reinterpret_cast<const Raw<VEC>*>(w + c)));
            unpack(f, raw[i]);
            for (int j = 0; j < VEC; ++j) f[j] *= inv * weight[j];
            pack(raw[i], f);
            *reinterpret_cast<Raw<VEC>*>(x + c) = raw[i];
        }
    }
}

// ---------------------------------------------------------------- launch

extern "C" cudaError_t launch_fused_add_rms_norm(__nv_bfloat16* x, __nv_bfloat16* residual, const __nv_bfloat16* w,
                                                 float eps, int64_t tokens, int hidden, cudaStream_t stream) {
    if (tokens <= 0 || hidden <= 0) return cudaSuccess;  // an empty grid is an error
    if (tokens > MAX_GRID || hidden > 16384) return cudaErrorInvalidValue;
    const unsigned grid = static_cast<unsigned>(tokens);

    // A 16-byte access needs its address to be a multiple of 16. The arrays start at one, and so does every row if
    // hidden is a multiple of 8. Per case, the smallest block that holds a row in 4 packs a thread: an SM then has
    // several blocks, and one loads while another reduces.
    if (hidden % 8 == 0) {
        if (hidden <= 2048) {
            fused_add_rms_norm<8, 256, 1><<<grid, 256, 0, stream>>>(x, residual, w, eps, hidden);
        } else if (hidden <= 4096) {
            fused_add_rms_norm<8, 256, 2><<<grid, 256, 0, stream>>>(x, residual, w, eps, hidden);
        } else if (hidden <= 8192) {
            fused_add_rms_norm<8, 256, 4><<<grid, 256, 0, stream>>>(x, residual, w, eps, hidden);
        } else {
            fused_add_rms_norm<8, 512, 4><<<grid, 512, 0, stream>>>(x, residual, w, eps, hidden);
        }
    } else {
        if (hidden <= 1024) {
            fused_add_rms_norm<1, 256, 4><<<grid, 256, 0, stream>>>(x, residual, w, eps, hidden);
        } else if (hidden <= 4096) {
            fused_add_rms_norm<1, 256, 16><<<grid, 256, 0, stream>>>(x, residual, w, eps, hidden);
        } else {
            fused_add_rms_norm<1, 1024, 16><<<grid, 1024, 0, stream>>>(x, residual, w, eps, hidden);
        }
    }
    return cudaGetLastError();
}
