// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: rung 1, one product after the other in fp32, is right.

#include <cuda_runtime.h>

__global__ void gemm(const float* A, const float* B, float* C, int M, int N, int K, float alpha, float beta) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= M || col >= N) return;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k) sum = __fadd_rn(sum, __fmul_rn(A[row * K + k], B[k * N + col]));
    const float product = __fmul_rn(alpha, sum);
    C[row * N + col] = beta == 0.0f ? product : __fadd_rn(product, __fmul_rn(beta, C[row * N + col]));
}

extern "C" cudaError_t launch_gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                                  float alpha, float beta, cudaStream_t stream) {
    const dim3 block(32, 8), grid((N + 31) / 32, (M + 7) / 8);
    gemm<<<grid, block, 0, stream>>>(A, B, C, M, N, K, alpha, beta);
    return cudaGetLastError();
}
