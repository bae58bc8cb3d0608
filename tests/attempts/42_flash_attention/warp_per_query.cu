// expect: PASS
// expect(cuda): PASS | SLOW | TIMEOUT
// why: one warp per query, no shared memory, rescaled only where the maximum moves; the last queries come first
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

// Lane x has dimensions x, x + 32, … of query and output.
__global__ void flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse, int rows,
                                int group, int Sq, int Sk, int D, int causal) {
    const int row = rows - 1 - int(blockIdx.x * blockDim.y + threadIdx.y);
    if (row < 0) return;  // a whole warp leaves
    const int64_t head = row / Sq / group;
    const int keys = causal ? row % Sq + Sk - Sq + 1 : Sk;
    float query[4], out[4] = {}, top = -FLT_MAX, sum = 0.0f;
    for (int n = 0; n < D / 32; ++n) query[n] = __half2float(q[int64_t(row) * D + 32 * n + threadIdx.x]);
    for (int j = 0; j < keys; ++j) {
        const int64_t key = (head * Sk + j) * D;
        float score = 0.0f;
        for (int n = 0; n < D / 32; ++n) score += query[n] * __half2float(k[key + 32 * n + threadIdx.x]);
        for (int offset = 16; offset > 0; offset /= 2) score += __shfl_xor_sync(0xffffffffu, score, offset);
        score /= sqrtf(float(D));
        if (score > top) {  // the same for the whole warp
            const float factor = expf(top - score);
            sum *= factor;
            for (int n = 0; n < D / 32; ++n) out[n] *= factor;
            top = score;
        }
        const float weight = expf(score - top);
        sum += weight;
        for (int n = 0; n < D / 32; ++n) out[n] += weight * __half2float(v[key + 32 * n + threadIdx.x]);
    }
    for (int n = 0; n < D / 32; ++n)
        o[int64_t(row) * D + 32 * n + threadIdx.x] = __float2half(keys > 0 ? out[n] / sum : 0.0f);
    if (threadIdx.x == 0) lse[row] = keys > 0 ? top + logf(sum) : -INFINITY;
}

extern "C" cudaError_t launch_flash_attention(const __half* q, const __half* k, const __half* v, __half* o, float* lse,
                                              int B, int Hq, int Hkv, int Sq, int Sk, int D, int causal,
                                              cudaStream_t stream) {
    const int rows = B * Hq * Sq;
    flash_attention<<<(rows + 3) / 4, dim3(32, 4), 0, stream>>>(q, k, v, o, lse, rows, Hq / Hkv, Sq, Sk, D, causal);
    return cudaGetLastError();
}
