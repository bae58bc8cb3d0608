// expect: PASS
// expect(cuda): PASS | SLOW
// why: one launch, one warp per query, online softmax: ws is not used at all
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

// One warp per query; lane x has outputs x, x + 32, …
__global__ void attention(const float* q, const float* k, const float* v, float* o, int S, int D, int causal) {
    const int64_t row = blockIdx.x, head = row / S;
    const int keys = causal ? int(row % S) + 1 : S;
    float top = -FLT_MAX, sum = 0.0f, out[4] = {};
    for (int j = 0; j < keys; ++j) {
        const float* key = k + (head * S + j) * D;
        float score = 0.0f;
        for (int d = threadIdx.x; d < D; d += 32) score += q[row * D + d] * key[d];
        for (int offset = 16; offset > 0; offset /= 2) score += __shfl_xor_sync(0xffffffffu, score, offset);
        score *= rsqrtf(float(D));
        const float higher = fmaxf(top, score), factor = expf(top - higher), weight = expf(score - higher);
        sum = sum * factor + weight;
        for (int n = 0; n < D / 32; ++n)
            out[n] = out[n] * factor + weight * v[(head * S + j) * D + n * 32 + threadIdx.x];
        top = higher;
    }
    for (int n = 0; n < D / 32; ++n) o[row * D + n * 32 + threadIdx.x] = out[n] / sum;
}

extern "C" cudaError_t launch_attention_naive(const float* q, const float* k, const float* v, float* o, int B, int H,
                                              int S, int D, int causal, void* ws, size_t ws_bytes,
                                              cudaStream_t stream) {
    attention<<<B * H * S, 32, 0, stream>>>(q, k, v, o, S, D, causal);
    return cudaGetLastError();
}
