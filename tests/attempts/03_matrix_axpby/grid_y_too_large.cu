// expect(cuda): CRASH | UNSAFE launch
// expect(simulator): UNSAFE launch
// why: one block row per matrix row: gridDim.y ends at 65,535, M does not (the simulator's larger sizes show it).

#include <cuda_runtime.h>
#include <cstdint>

__global__ void matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row < M && col < N) C[row * ldc + col] = alpha * A[row * lda + col] + beta * B[row * ldb + col];
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const dim3 block(256, 1), grid(unsigned((N + 255) / 256), unsigned(M));
    matrix_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
