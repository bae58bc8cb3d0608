// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one block per row of C, whose threads take every 64th column, is right.

#include <cuda_runtime.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K) {
    const int row = blockIdx.x;
    for (int col = threadIdx.x; col < N; col += blockDim.x) {
        float sum = 0.0f;
        for (int k = K - 1; k >= 0; --k) sum = fmaf(A[row * K + k], B[k * N + col], sum);
        C[row * N + col] = sum;
    }
}

extern "C" cudaError_t launch_gemm_naive(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    gemm<<<M, 64, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
