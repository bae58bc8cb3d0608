// 42 FlashAttention: o = softmax(q · k^T / sqrt(D)) · v, and lse = log of the sum of the exponentials, per query.
//
// q, o are (B, Hq, Sq, D) fp16; k, v are (B, Hkv, Sk, D) fp16; lse is (B, Hq, Sq) fp32; all row-major. D is 64 or 128.
// Hq is a multiple of Hkv: neighbouring heads of q share a head of k and v.
// With causal, query i sees keys 0 to i + Sk - Sq. A query that sees none has o = 0 and lse = -inf.
//
// A block has 64 queries of one head, and walks over tiles of 64 keys:
//   scores   q · k^T of the tile      8 x 4 sums per thread, in fp32
//   softmax  running maximum and sum  of a row by the 16 lanes that share it (exercise 40)
//   output   weights · v              8 x D/16 sums per thread, rescaled whenever the maximum moves

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kRows = 64;                   // queries per block
constexpr int kKeys = 64;                   // per tile
constexpr int kThreads = 128;
constexpr int kX = 16, kY = kThreads / kX;  // a thread has rows y + 8 r and keys x + 16 c
constexpr int kR = kRows / kY;              // rows per thread
constexpr int kC = kKeys / kX;              // keys per thread
constexpr int kPad = 4;                     // rows 4 banks apart: 8 rows side by side fill all 32 without conflict
constexpr int kWeightPitch = kKeys + kPad;
constexpr float kLog2e = 1.44269504f, kLn2 = 0.693147181f;

// Floats in shared memory: a tile of queries, one of keys, one of values. The weights take the place of the keys.
template <int D>
constexpr int kShared = kRows * (D + kPad) + kKeys * (D + kPad) + kKeys * D;
static_assert(kRows * kWeightPitch <= kKeys * (64 + kPad), "the weights fit where the keys were");

// A tile of 64 rows of D, times `factor`, to shared memory in fp32: converted once here, not at each use.
// Rows from `count` on become zeros: a weight of 0 times rubbish might be NaN.
template <int D, int PITCH>
__device__ void fetch(float* to, const __half* from, int count, float factor) {
    constexpr int PACKS = D / 4;  // of 8 bytes per row; 16 bytes would make the stores conflict
#pragma unroll 8
    for (int i = threadIdx.x; i < kRows * PACKS; i += kThreads) {
        const int row = i / PACKS, d = i % PACKS * 4;
        uint2 pack = make_uint2(0, 0);
        if (row < count) pack = *reinterpret_cast<const uint2*>(from + row * D + d);
        const float2 low = __half22float2(*reinterpret_cast<const __half2*>(&pack.x));
        const float2 high = __half22float2(*reinterpret_cast<const __half2*>(&pack.y));
        *reinterpret_cast<float4*>(to + row * PITCH + d) =
            make_float4(factor * low.x, factor * low.y, factor * high.x, factor * high.y);
    }
}

// Over the 16 lanes that share a row; each of them gets the result.
__device__ float row_max(float v) {
#pragma unroll
    for (int offset = kX / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(kAllLanes, v, offset));
    return v;
}

__device__ float row_sum(float v) {
#pragma unroll
    for (int offset = kX / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kAllLanes, v, offset);
    return v;
}

__device__ float4 load4(const float* from) { return *reinterpret_cast<const float4*>(from); }

// score[r][c] = query y + 8 r · key x + 16 c
template <int D>
__device__ void multiply_keys(const float* qs, const float* ks, int x, int y, float (&score)[kR][kC]) {
#pragma unroll
    for (int r = 0; r < kR; ++r)
#pragma unroll
        for (int c = 0; c < kC; ++c) score[r][c] = 0.0f;
#pragma unroll 2
    for (int d = 0; d < D; d += 4) {
        float4 b[kC];
#pragma unroll
        for (int c = 0; c < kC; ++c) b[c] = load4(ks + (x + kX * c) * (D + kPad) + d);
#pragma unroll
        for (int r = 0; r < kR; ++r) {
            const float4 a = load4(qs + (y + kY * r) * (D + kPad) + d);
#pragma unroll
            for (int c = 0; c < kC; ++c) score[r][c] += a.x * b[c].x + a.y * b[c].y + a.z * b[c].z + a.w * b[c].w;
        }
    }
}

// out[r][4 n + …] += weights of row y + 8 r · column 64 n + 4 x + … of the values
template <int D>
__device__ void multiply_values(const float* ps, const float* vs, int x, int y, float (&out)[kR][D / kX]) {
#pragma unroll 1
    for (int j = 0; j < kKeys; j += 4) {
        float a[kR][4];
#pragma unroll
        for (int r = 0; r < kR; ++r) {
            const float4 pack = load4(ps + (y + kY * r) * kWeightPitch + j);
            a[r][0] = pack.x, a[r][1] = pack.y, a[r][2] = pack.z, a[r][3] = pack.w;
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
            for (int n = 0; n < D / (4 * kX); ++n) {
                const float4 b = load4(vs + (j + i) * D + n * 4 * kX + 4 * x);
#pragma unroll
                for (int r = 0; r < kR; ++r) {
                    out[r][4 * n + 0] += a[r][i] * b.x;
                    out[r][4 * n + 1] += a[r][i] * b.y;
                    out[r][4 * n + 2] += a[r][i] * b.z;
                    out[r][4 * n + 3] += a[r][i] * b.w;
                }
            }
        }
    }
}

// Grid: (B * Hq, tiles of queries). `factor` is log2(e) / sqrt(D): scores are kept in base 2, as exp2f is the cheaper
// exponential.
template <int D>
__global__ void __launch_bounds__(kThreads, D == 64 ? 3 : 2)
    flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse, int group, int Sq, int Sk,
                    int causal, float factor) {
    extern __shared__ __align__(16) float shared[];
    float* qs = shared;
    float* ks = qs + kRows * (D + kPad);
    float* vs = ks + kKeys * (D + kPad);
    float* ps = ks;

    const int64_t head = blockIdx.x;  // of q, batches included; as Hq = group * Hkv, head / group is that of k and v
    const int tile = causal ? gridDim.y - 1 - blockIdx.y : blockIdx.y;  // the one with most keys starts first
    const int i0 = tile * kRows;
    const int x = threadIdx.x % kX, y = threadIdx.x / kX;
    q += (head * Sq + i0) * D;
    o += (head * Sq + i0) * D;
    lse += head * Sq + i0;
    k += head / group * Sk * D;
    v += head / group * Sk * D;

    // Query i sees keys 0 to visible(i) - 1; may be 0 or less if Sq > Sk.
    const auto visible = [&](int i) { return causal ? min(Sk, i + Sk - Sq + 1) : Sk; };
    const int keys = visible(i0 + kRows - 1);  // that some query of the tile sees

    fetch<D, D + kPad>(qs, q, Sq - i0, factor);

    float out[kR][D / kX] = {}, top[kR], sum[kR] = {};  // sum: of this thread's keys only, until the end
#pragma unroll
    for (int r = 0; r < kR; ++r) top[r] = -FLT_MAX;  // finite: -inf - -inf would be NaN in a row without keys

    for (int j0 = 0; j0 < keys; j0 += kKeys) {
        fetch<D, D + kPad>(ks, k + int64_t(j0) * D, Sk - j0, 1.0f);
        fetch<D, D>(vs, v + int64_t(j0) * D, Sk - j0, 1.0f);
        __syncthreads();  // everyone reads what everyone fetched

        float score[kR][kC];
        multiply_keys<D>(qs, ks, x, y, score);
        __syncthreads();  // all have done with the keys: the weights may go there

        if (j0 + kKeys > visible(i0)) {  // only tiles at the end of the keys or at the diagonal
#pragma unroll
            for (int r = 0; r < kR; ++r)
#pragma unroll
                for (int c = 0; c < kC; ++c)
                    if (j0 + x + kX * c >= visible(i0 + y + kY * r)) score[r][c] = -INFINITY;
        }

#pragma unroll
        for (int r = 0; r < kR; ++r) {
            float higher = score[r][0];
#pragma unroll
            for (int c = 1; c < kC; ++c) higher = fmaxf(higher, score[r][c]);
            higher = fmaxf(top[r], row_max(higher));
            const float rescale = exp2f(top[r] - higher);
            top[r] = higher;
            sum[r] *= rescale;
#pragma unroll
            for (int n = 0; n < D / kX; ++n) out[r][n] *= rescale;
#pragma unroll
            for (int c = 0; c < kC; ++c) {
                const float weight = exp2f(score[r][c] - higher);
                sum[r] += weight;
                ps[(y + kY * r) * kWeightPitch + x + kX * c] = weight;
            }
        }
        __syncwarp();  // a row's weights are written and read by the same 16 lanes

        multiply_values<D>(ps, vs, x, y, out);
        __syncthreads();  // nobody fetches the next tile while someone still reads this one
    }

#pragma unroll
    for (int r = 0; r < kR; ++r) {
        const int i = y + kY * r;
        const float total = row_sum(sum[r]);  // before any lane leaves: a shuffle needs all 32
        if (i0 + i >= Sq) continue;
        const float inverse = total > 0.0f ? 1.0f / total : 0.0f;  // 0: this query saw no key
        if (x == 0) lse[i] = total > 0.0f ? kLn2 * (top[r] + log2f(total)) : -INFINITY;
#pragma unroll
        for (int n = 0; n < D / (4 * kX); ++n) {
            const __half2 low = __floats2half2_rn(inverse * out[r][4 * n], inverse * out[r][4 * n + 1]);
            const __half2 high = __floats2half2_rn(inverse * out[r][4 * n + 2], inverse * out[r][4 * n + 3]);
            __half2* to = reinterpret_cast<__half2*>(o + i * D + n * 4 * kX + 4 * x);
            to[0] = low;
            to[1] = high;
        }
    }
}

template <int D>
static cudaError_t launch(const __half* q, const __half* k, const __half* v, __half* o, float* lse, int heads,
                          int group, int Sq, int Sk, int causal, cudaStream_t stream) {
    constexpr int BYTES = kShared<D> * int(sizeof(float));
    // Above 48 KB a kernel has to ask. This changes the function, not the stream, so it may be captured.
    const cudaError_t allowed =
        cudaFuncSetAttribute(flash_attention<D>, cudaFuncAttributeMaxDynamicSharedMemorySize, BYTES);
    if (allowed != cudaSuccess) return allowed;
    const dim3 grid(heads, (Sq + kRows - 1) / kRows);
    const float factor = kLog2e / sqrtf(float(D));
    flash_attention<D><<<grid, kThreads, BYTES, stream>>>(q, k, v, o, lse, group, Sq, Sk, causal, factor);
    return cudaGetLastError();
}

extern "C" cudaError_t launch_flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse,
                                              int B, int Hq, int Hkv, int Sq, int Sk, int D, int causal,
                                              cudaStream_t stream) {
    const int heads = B * Hq, group = Hq / Hkv;
    if (D == 64) return launch<64>(q, k, v, o, lse, heads, group, Sq, Sk, causal, stream);
    if (D == 128) return launch<128>(q, k, v, o, lse, heads, group, Sq, Sk, causal, stream);
    return cudaErrorInvalidValue;
}
