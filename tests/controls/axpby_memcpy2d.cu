// control: 03_matrix_axpby
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: cudaMemcpy2DAsync brings A's rows to C's pitch, two launches then scale them and add B
#include <cuda_runtime.h>
#include <cstdint>

__global__ void scale(float* C, int64_t ldc, int64_t M, int64_t N, float alpha) {
    for (int64_t row = blockIdx.x; row < M; row += gridDim.x)
        for (int64_t col = threadIdx.x; col < N; col += blockDim.x) C[row * ldc + col] *= alpha;
}

__global__ void add(float* C, int64_t ldc, const float* B, int64_t ldb, int64_t M, int64_t N, float beta) {
    for (int64_t row = blockIdx.x; row < M; row += gridDim.x)
        for (int64_t col = threadIdx.x; col < N; col += blockDim.x) C[row * ldc + col] += beta * B[row * ldb + col];
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    constexpr size_t item = sizeof(float);
    if (cudaError_t error = cudaMemcpy2DAsync(C, item * ldc, A, item * lda, item * N, M, cudaMemcpyDeviceToDevice, stream))
        return error;
    const unsigned grid = unsigned(M < 4096 ? M : 4096);
    scale<<<grid, 128, 0, stream>>>(C, ldc, M, N, alpha);
    add<<<grid, 128, 0, stream>>>(C, ldc, B, ldb, M, N, beta);
    return cudaGetLastError();
}
