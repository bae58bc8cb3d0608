// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: a block per row, the rows with a stride over the grid and the columns over the block, is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    for (int64_t row = blockIdx.x; row < M; row += gridDim.x) {
        for (int64_t col = threadIdx.x; col < N; col += blockDim.x)
            C[row * ldc + col] = alpha * A[row * lda + col] + beta * B[row * ldb + col];
    }
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const unsigned block = 64, grid = unsigned(M < 1000 ? M : 1000);
    matrix_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
