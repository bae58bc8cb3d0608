// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: C = alpha A first, then C += beta B in a second launch on the same stream, is right.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void scale(const float* A, int64_t lda, float* C, int64_t ldc, int64_t M, int64_t N, float alpha) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row < M && col < N) C[row * ldc + col] = alpha * A[row * lda + col];
}

__global__ void add(const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M, int64_t N, float beta) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row < M && col < N) C[row * ldc + col] += beta * B[row * ldb + col];
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const dim3 block(32, 8), grid(unsigned((N + 31) / 32), unsigned((M + 7) / 8));
    scale<<<grid, block, 0, stream>>>(A, lda, C, ldc, M, N, alpha);
    add<<<grid, block, 0, stream>>>(B, ldb, C, ldc, M, N, beta);
    return cudaGetLastError();
}
