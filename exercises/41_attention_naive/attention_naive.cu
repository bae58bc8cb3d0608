// 41 Attention: o = softmax(q · k^T / sqrt(D)) · v, head by head; with causal, token i sees only tokens 0 to i.
//
// q, k, v, o are (B, H, S, D) fp32, row-major; D is 32, 64 or 128. ws has room for B * H * S * S floats.
// Run it with:  python -m grader run 41_attention_naive

#include <cuda_runtime.h>
#include <cstdint>

__global__ void scores(const float* q, const float* k, float* p, int S, int D, int causal) {
    // TODO: p[head, i, j] = (q[head, i, :] · k[head, j, :]) / sqrt(D)
}

__global__ void softmax(float* p, int S, int causal) {
    // TODO: the softmax of each row of p, in place. With causal, row i has i + 1 elements and then zeros.
}

__global__ void outputs(const float* p, const float* v, float* o, int S, int D, int causal) {
    // TODO: o[head, i, d] = sum over j of p[head, i, j] * v[head, j, d]
}

extern "C" cudaError_t launch_attention_naive(const float* q, const float* k, const float* v, float* o, int B, int H,
                                              int S, int D, int causal, void* ws, size_t ws_bytes,
                                              cudaStream_t stream) {
    // TODO: choose grids and blocks, and launch the three on `stream`, with ws as p.
    return cudaGetLastError();
}
