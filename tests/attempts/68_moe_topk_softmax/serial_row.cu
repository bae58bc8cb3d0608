// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per token, insertion into a sorted list in the outputs themselves: naive, but right
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

constexpr int BLOCK = 64;

__global__ void route(float* weights, int32_t* indices, const float* gating, int64_t tokens, int experts, int topk,
                      int renormalize) {
    const int64_t token = blockIdx.x * static_cast<int64_t>(BLOCK) + threadIdx.x;
    if (token >= tokens) return;
    const float* row = gating + token * experts;
    float* best = weights + token * topk;  // logits first, weights at the end
    int32_t* ids = indices + token * topk;
    int held = 0;
    for (int expert = 0; expert < experts; ++expert) {
        if (held == topk && !(row[expert] > best[topk - 1])) continue;
        int place = held < topk ? held++ : topk - 1;
        for (; place > 0 && row[expert] > best[place - 1]; --place) best[place] = best[place - 1], ids[place] = ids[place - 1];
        best[place] = row[expert];
        ids[place] = expert;
    }
    const float top = best[0];
    float sum = 0.0f;
    if (renormalize) {
        for (int i = 0; i < topk; ++i) sum += expf(best[i] - top);
    } else {
        for (int i = 0; i < experts; ++i) sum += expf(row[i] - top);
    }
    for (int i = 0; i < topk; ++i) best[i] = expf(best[i] - top) / sum;
}

extern "C" cudaError_t launch_moe_topk_softmax(float* weights, int32_t* indices, const float* gating, int64_t tokens,
                                               int experts, int topk, int renormalize, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK);
    route<<<grid, BLOCK, 0, stream>>>(weights, indices, gating, tokens, experts, topk, renormalize);
    return cudaGetLastError();
}
