// control: 03_matrix_axpby
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: rows along z and a loop over them, a block of 16 x 1 x 16, and the views passed as structs by value
#include <cuda_runtime.h>
#include <cstdint>

template <class T>
struct View {
    T* data;
    int64_t pitch;
    __device__ T& operator()(int64_t row, int64_t col) const { return data[row * pitch + col]; }
};

__global__ void axpby(View<const float> A, View<const float> B, View<float> C, int64_t M, int64_t N, float alpha, float beta) {
    const int64_t col = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (col >= N) return;
    for (int64_t row = int64_t(blockIdx.z) * blockDim.z + threadIdx.z; row < M; row += int64_t(gridDim.z) * blockDim.z)
        C(row, col) = alpha * A(row, col) + beta * B(row, col);
}

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const int64_t deep = (M + 15) / 16;
    const dim3 grid(unsigned((N + 15) / 16), 1, unsigned(deep < 1024 ? deep : 1024));
    axpby<<<grid, dim3(16, 1, 16), 0, stream>>>({A, lda}, {B, ldb}, {C, ldc}, M, N, alpha, beta);
    return cudaGetLastError();
}
