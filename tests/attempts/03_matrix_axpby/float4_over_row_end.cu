// expect: UNSAFE padding | UNSAFE oob
// why: N is rounded up to whole float4s, so the last one of a row overwrites padding or the next row.

#include <cuda_runtime.h>
#include <cstdint>

__global__ void matrix_axpby(const float4* A, int64_t lda, const float4* B, int64_t ldb, float4* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row < M && col < N) {
        const float4 a = A[row * lda + col], b = B[row * ldb + col];
        C[row * ldc + col] = make_float4(alpha * a.x + beta * b.x, alpha * a.y + beta * b.y, alpha * a.z + beta * b.z,
                                         alpha * a.w + beta * b.w);
    }
}

__global__ void scalar_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row < M && col < N) C[row * ldc + col] = alpha * A[row * lda + col] + beta * B[row * ldb + col];
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const dim3 block(32, 8), grid(unsigned((N + 31) / 32), unsigned((M + 7) / 8));
    if ((lda | ldb | ldc) % 4 == 0)
        matrix_axpby<<<grid, block, 0, stream>>>(reinterpret_cast<const float4*>(A), lda / 4,
                                                 reinterpret_cast<const float4*>(B), ldb / 4,
                                                 reinterpret_cast<float4*>(C), ldc / 4, M, (N + 3) / 4, alpha, beta);
    else
        scalar_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
