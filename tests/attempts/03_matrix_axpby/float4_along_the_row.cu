// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one float4 of each matrix per thread, where the leading dimensions allow it, is right.

#include <cuda_runtime.h>
#include <cstdint>

// width: columns per thread, 4 or 1; the last thread of a row takes what is left.
__global__ void matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta, int width) {
    const int64_t col = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * width;
    const int64_t row = int64_t(blockIdx.y) * blockDim.y + threadIdx.y;
    if (row >= M || col >= N) return;
    A += row * lda + col;
    B += row * ldb + col;
    C += row * ldc + col;
    if (width == 4 && col + 4 <= N) {
        const float4 a = *reinterpret_cast<const float4*>(A), b = *reinterpret_cast<const float4*>(B);
        *reinterpret_cast<float4*>(C) = make_float4(alpha * a.x + beta * b.x, alpha * a.y + beta * b.y,
                                                    alpha * a.z + beta * b.z, alpha * a.w + beta * b.w);
    } else {
        for (int k = 0; k < width && col + k < N; ++k) C[k] = alpha * A[k] + beta * B[k];
    }
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const int width = (lda | ldb | ldc) % 4 == 0 ? 4 : 1;
    const int64_t columns = (N + width - 1) / width;
    const dim3 block(64, 4), grid(unsigned((columns + 63) / 64), unsigned((M + 3) / 4));
    matrix_axpby<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta, width);
    return cudaGetLastError();
}
