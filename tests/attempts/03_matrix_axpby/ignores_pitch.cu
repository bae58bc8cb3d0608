// expect: WRONG | UNSAFE padding
// why: all three matrices are indexed as if their rows were N apart.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row < M && col < N) C[row * N + col] = alpha * A[row * N + col] + beta * B[row * N + col];
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const dim3 block(32, 8), grid(unsigned((N + 31) / 32), unsigned((M + 7) / 8));
    matrix_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
