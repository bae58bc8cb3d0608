// 34 Rotary position embedding, in place: (a, b) = (a * cos - b * sin, b * cos + a * sin) for each pair of each head.
//
// q is (tokens, num_heads, head_size) bf16, k is (tokens, num_kv_heads, head_size) bf16, cos_sin is (positions,
// rot_dim) fp32: rot_dim / 2 cosines, then as many sines.
//
// A thread takes 2 * VEC elements of HEADS heads of one token: all heads share the angles, so it reads these once.
// VEC = 8: 16 bytes from the first half of the rotated part and 16 from the second, in both layouts. What differs is
// who is whose partner:
//   NeoX    element j of the first 16 bytes and element j of the second
//   GPT-J   neighbours, within the first 16 bytes and within the second
// VEC = 1: one pair, wherever its elements are.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>
#include <type_traits>

constexpr int THREADS = 256;  // at most; some 70 registers each, so 3 such blocks fill an SM
constexpr int HEADS = 4;      // per thread: 128 bytes under way, and four heads for one read of the angles

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
    for (int k = 0; k < 4; ++k) pairs[k] = __floats2bfloat162_rn(f[2 * k], f[2 * k + 1]);
}

__device__ void load_four(float* to, const float* from) {
    const float4 v = __ldg(reinterpret_cast<const float4*>(from));
    to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
}

// ---------------------------------------------------------------- the two layouts

// Where thread p's elements begin in the head, and which VEC cosines (or sines) go with them.
template <int VEC, bool NEOX>
struct Pairs {
    __device__ static int first(int p) { return NEOX || VEC == 8 ? p * VEC : 2 * p; }
    __device__ static int second(int p, int half) { return NEOX || VEC == 8 ? half + p * VEC : 2 * p + 1; }

    __device__ static void angles(float (&to)[VEC], const float* from, int p, int half) {
        if constexpr (VEC == 1) {
            to[0] = __ldg(from + p);
        } else {
            load_four(to, from + (NEOX ? 8 * p : 4 * p));
            load_four(to + 4, from + (NEOX ? 8 * p + 4 : half / 2 + 4 * p));
        }
    }
};

__device__ void turn(float& a, float& b, float c, float s) {
    const float x = a;
    a = fmaf(x, c, -b * s);
    b = fmaf(b, c, x * s);
}

template <int VEC, bool NEOX>
__device__ void rotate(float (&a)[VEC], float (&b)[VEC], const float (&c)[VEC], const float (&s)[VEC]) {
    if constexpr (NEOX || VEC == 1) {
#pragma unroll
        for (int j = 0; j < VEC; ++j) turn(a[j], b[j], c[j], s[j]);
    } else {
#pragma unroll
        for (int j = 0; j < VEC / 2; ++j) {
            turn(a[2 * j], a[2 * j + 1], c[j], s[j]);
            turn(b[2 * j], b[2 * j + 1], c[VEC / 2 + j], s[VEC / 2 + j]);
        }
    }
}

// ---------------------------------------------------------------- the kernel

// threadIdx.x and its stride are packs of a head; y counts (token, group of HEADS heads), q's heads before k's.
template <int VEC, bool NEOX>
__global__ void __launch_bounds__(THREADS) rotary_embedding(const int64_t* positions, __nv_bfloat16* q,
                                                            __nv_bfloat16* k, const float* cos_sin, int rows,
                                                            int num_heads, int num_kv_heads, int head_size, int half) {
    using Layout = Pairs<VEC, NEOX>;
    const int heads = num_heads + num_kv_heads, groups = (heads + HEADS - 1) / HEADS;
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.y) + threadIdx.y;
    if (row >= rows) return;
    const int token = static_cast<int>(row) / groups;  // in 32 bits: a 64-bit division would take longer than the rest
    const int begin = (static_cast<int>(row) - token * groups) * HEADS;
    const float* cosines = cos_sin + positions[token] * 2 * half;
    const float* sines = cosines + half;

    __nv_bfloat16* base[HEADS];
#pragma unroll
    for (int i = 0; i < HEADS; ++i) {
        const int h = begin + i;
        base[i] = h < num_heads ? q + (static_cast<int64_t>(token) * num_heads + h) * head_size
                                : k + (static_cast<int64_t>(token) * num_kv_heads + (h - num_heads)) * head_size;
    }

    for (int p = threadIdx.x; p < half / VEC; p += blockDim.x) {
        Raw<VEC> first[HEADS], second[HEADS];
#pragma unroll
        for (int i = 0; i < HEADS; ++i) {  // all loads before the first use: they wait for memory together
            if (begin + i < heads) {
                first[i] = __ldcs(reinterpret_cast<const Raw<VEC>*>(base[i] + Layout::first(p)));
                second[i] = __ldcs(reinterpret_cast<const Raw<VEC>*>(base[i] + Layout::second(p, half)));
            }
        }
        float c[VEC], s[VEC];  // these come from the caches: neighbouring rows are of the same token
        Layout::angles(c, cosines, p, half);
        Layout::angles(s, sines, p, half);

        // In place: both partners of every pair are in this thread's registers before it writes either.
#pragma unroll
        for (int i = 0; i < HEADS; ++i) {
            if (begin + i < heads) {
                float a[VEC], b[VEC];
                unpack(a, first[i]);
                unpack(b, second[i]);
                rotate<VEC, NEOX>(a, b, c, s);
                pack(first[i], a);
                pack(second[i], b);
                // Plain stores: with __stcs, the first to leave L2, it took 3 % longer (H200).
                *reinterpret_cast<Raw<VEC>*>(base[i] + Layout::first(p)) = first[i];
                *reinterpret_cast<Raw<VEC>*>(base[i] + Layout::second(p, half)) = second[i];
            }
        }
    }
}

// ---------------------------------------------------------------- launch

template <int VEC, bool NEOX>
static void launch(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k, const float* cos_sin, int64_t rows,
                   int num_heads, int num_kv_heads, int head_size, int half, cudaStream_t stream) {
    const int packs = half / VEC;
    const int across = packs < THREADS ? packs : THREADS;
    const dim3 block(across, THREADS / across);
    const unsigned grid = static_cast<unsigned>((rows + block.y - 1) / block.y);
    rotary_embedding<VEC, NEOX><<<grid, block, 0, stream>>>(positions, q, k, cos_sin, static_cast<int>(rows), num_heads,
                                                            num_kv_heads, head_size, half);
}

extern "C" cudaError_t launch_rotary_embedding(const int64_t* positions, __nv_bfloat16* q, __nv_bfloat16* k,
                                               const float* cos_sin, int64_t tokens, int num_heads, int num_kv_heads,
                                               int head_size, int rot_dim, int is_neox, cudaStream_t stream) {
    const int half = rot_dim / 2;
    const int64_t rows = tokens * ((num_heads + num_kv_heads + HEADS - 1) / HEADS);
    if (rows <= 0 || half <= 0) return cudaSuccess;  // an empty grid is an error
    if (rows > INT32_MAX) return cudaErrorInvalidValue;

    // 16-byte accesses need every head, and the middle of its rotated part, to be at a multiple of 16 bytes. The
    // cosines and sines then are, too: half is a multiple of 8 floats, half of it of 4.
    const bool wide = head_size % 8 == 0 && half % 8 == 0;
    const auto chosen = wide ? (is_neox ? launch<8, true> : launch<8, false>)
                             : (is_neox ? launch<1, true> : launch<1, false>);
    chosen(positions, q, k, cos_sin, rows, num_heads, num_kv_heads, head_size, half, stream);
    return cudaGetLastError();
}
