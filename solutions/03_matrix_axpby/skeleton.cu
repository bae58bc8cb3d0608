// 03 Pitched matrices: C[r, c] = alpha * A[r, c] + beta * B[r, c] for 0 <= r < M, 0 <= c < N.
//
// A, B, C are (M, N) fp32 matrices in device memory, row-major. Their rows start lda, ldb, ldc elements apart (each >= N):
// element (r, c) of A is A[r * lda + c]. What lies between the rows is padding: do not use A's or B's, do not touch C's.
// Run it with:  python -m grader run 03_matrix_axpby

#include <cuda_runtime.h>
#include <cstdint>

__global__ void matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    // TODO: work out this thread's row and column, check both, and compute one element.
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    // TODO: choose a two-dimensional grid and block, and launch on `stream`:
    // matrix_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
