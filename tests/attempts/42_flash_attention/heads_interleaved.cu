// expect: WRONG
// why: head h of q is given head h % Hkv of k and v, instead of h / (Hq / Hkv)
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int T = 32;  // queries per block, one thread each, and keys per tile

__global__ void flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse, int Hq,
                                int Hkv, int Sq, int Sk, int D, int causal) {
    __shared__ float ks[T][128], vs[T][128];
    const int b = blockIdx.y / Hq, h = blockIdx.y % Hq, kv_head = h % Hkv;
    const int i = blockIdx.x * T + threadIdx.x;
    q += int64_t(blockIdx.y) * Sq * D;
    k += (int64_t(b) * Hkv + kv_head) * Sk * D;
    v += (int64_t(b) * Hkv + kv_head) * Sk * D;

    float query[128], out[128];
    for (int d = 0; d < D; ++d) {
        query[d] = i < Sq ? __half2float(q[int64_t(i) * D + d]) * rsqrtf(float(D)) : 0.0f;
        out[d] = 0.0f;
    }
    float top = -FLT_MAX, sum = 0.0f;
    for (int j0 = 0; j0 < Sk; j0 += T) {
        for (int n = threadIdx.x; n < T * D; n += T) {
            const bool inside = j0 + n / D < Sk;
            ks[n / D][n % D] = inside ? __half2float(k[int64_t(j0) * D + n]) : 0.0f;
            vs[n / D][n % D] = inside ? __half2float(v[int64_t(j0) * D + n]) : 0.0f;
        }
        __syncthreads();  // everyone reads what everyone fetched

        float score[T], higher = top;
        for (int j = 0; j < T; ++j) {
            float dot = 0.0f;
            for (int d = 0; d < D; ++d) dot += query[d] * ks[j][d];
            if (j0 + j >= Sk) dot = -INFINITY;
            if (causal && j0 + j > i + Sk - Sq) dot = -INFINITY;
            score[j] = dot;
            higher = fmaxf(higher, dot);
        }
        const float factor = expf(top - higher);
        top = higher;
        sum *= factor;
        for (int d = 0; d < D; ++d) out[d] *= factor;
        for (int j = 0; j < T; ++j) {
            const float weight = expf(score[j] - top);
            sum += weight;
            for (int d = 0; d < D; ++d) out[d] += weight * vs[j][d];
        }
        __syncthreads();  // nobody fetches the next tile while someone still reads this one
    }
    if (i >= Sq) return;
    const int64_t row = int64_t(blockIdx.y) * Sq + i;
    for (int d = 0; d < D; ++d) o[row * D + d] = __float2half(sum > 0.0f ? out[d] / sum : 0.0f);
    lse[row] = sum > 0.0f ? top + logf(sum) : -INFINITY;
}

extern "C" cudaError_t launch_flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse,
                                              int B, int Hq, int Hkv, int Sq, int Sk, int D, int causal,
                                              cudaStream_t stream) {
    const dim3 grid((Sq + T - 1) / T, B * Hq);
    flash_attention<<<grid, T, 0, stream>>>(q, k, v, o, lse, Hq, Hkv, Sq, Sk, D, causal);
    return cudaGetLastError();
}
