// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a one-dimensional grid with a division and a remainder is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = i / N, col = i % N;
    if (row < M) C[row * ldc + col] = alpha * A[row * lda + col] + beta * B[row * ldb + col];
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const unsigned block = 192, grid = unsigned((M * N + block - 1) / block);
    matrix_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
