// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: all heads write their scores to the same S × S floats
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int BLOCK = 128;

// One thread per score.
__global__ void scores(const float* q, const float* k, float* p, int S, int D, int causal) {
    const int64_t head = blockIdx.z;
    const int i = blockIdx.y, j = blockIdx.x * BLOCK + threadIdx.x;
    if (j >= S) return;
    float sum = 0.0f;
    for (int d = 0; d < D; ++d) sum += q[(head * S + i) * D + d] * k[(head * S + j) * D + d];
    p[int64_t(i) * S + j] = causal && j > i ? -INFINITY : sum / sqrtf(float(D));
}

// One warp per row.
__global__ void softmax(float* p, int S) {
    p += int64_t(blockIdx.x % S) * S;
    float top = -FLT_MAX, sum = 0.0f;
    for (int j = threadIdx.x; j < S; j += 32) top = fmaxf(top, p[j]);
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    for (int j = threadIdx.x; j < S; j += 32) sum += p[j] = expf(p[j] - top);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    for (int j = threadIdx.x; j < S; j += 32) p[j] /= sum;
}

// One thread per output.
__global__ void outputs(const float* p, const float* v, float* o, int S, int D) {
    const int64_t head = blockIdx.y, i = blockIdx.x;
    const int d = threadIdx.x;
    float sum = 0.0f;
    for (int j = 0; j < S; ++j) sum += p[i * S + j] * v[(head * S + j) * D + d];
    o[(head * S + i) * D + d] = sum;
}

extern "C" cudaError_t launch_attention_naive(const float* q, const float* k, const float* v, float* o, int B, int H,
                                              int S, int D, int causal, void* ws, size_t ws_bytes,
                                              cudaStream_t stream) {
    float* p = static_cast<float*>(ws);
    scores<<<dim3((S + BLOCK - 1) / BLOCK, S, B * H), BLOCK, 0, stream>>>(q, k, p, S, D, causal);
    softmax<<<B * H * S, 32, 0, stream>>>(p, S);
    outputs<<<dim3(S, B * H), D, 0, stream>>>(p, v, o, S, D);
    return cudaGetLastError();
}
