// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one thread per element, one product after the other in fp32, multiplied and added separately, is right.

#include <cuda_runtime.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= M * N) return;
    const int row = i / N, col = i % N;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k) sum = __fadd_rn(sum, __fmul_rn(A[row * K + k], B[k * N + col]));
    C[i] = sum;
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    gemm<<<(M * N + 127) / 128, 128, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
