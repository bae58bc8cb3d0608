// 03 Pitched matrices: C = alpha * A + beta * B, at the speed of a memory copy.
//
// A, B, C are (M, N) fp32, row-major, rows lda, ldb, ldc elements apart; base pointers 16-byte aligned. If all three
// leading dimensions are divisible by 4, every row starts at a 16-byte boundary and moves as float4.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kColumns = 64;                // threads along a row: a warp touches 512 neighbouring bytes
constexpr int kRows = 4;                    // threads down the rows
constexpr int kThreads = kColumns * kRows;  // 256: an SM holds several blocks, and some load while others store
constexpr int kBlocksPerSm = 4;             // at least: the compiler may use 64 registers, not the 88 it would like
constexpr int kUnroll = 4;                  // rows per thread, so 2 x 4 loads are in flight before the first store
constexpr int kTileRows = kRows * kUnroll;  // rows per block
constexpr int64_t kMaxGridY = 65535;

__device__ float axpby(float alpha, float a, float beta, float b) { return alpha * a + beta * b; }
__device__ float4 axpby(float alpha, float4 a, float beta, float4 b) {
    return make_float4(axpby(alpha, a.x, beta, b.x), axpby(alpha, a.y, beta, b.y),
                       axpby(alpha, a.z, beta, b.z), axpby(alpha, a.w, beta, b.w));
}

// Here lda, ldb, ldc and N count elements of type T: float or float4.
template <typename T>
__device__ void axpby_column(const T* A, int64_t lda, const T* B, int64_t ldb, T* C, int64_t ldc, int64_t M,
                             int64_t N, float alpha, float beta) {
    const int64_t column = int64_t(blockIdx.x) * kColumns + threadIdx.x;
    if (column >= N) return;  // no barrier below, so leaving early is allowed

    // A stride over the rows, because gridDim.y ends at 65,535 and M does not.
    const int64_t stride = int64_t(gridDim.y) * kTileRows;
    for (int64_t first = int64_t(blockIdx.y) * kTileRows + threadIdx.y; first < M; first += stride) {
        T a[kUnroll], b[kUnroll];
#pragma unroll
        for (int k = 0; k < kUnroll; ++k) {  // all loads first: they wait for memory together
            const int64_t row = first + k * kRows;
            if (row < M) {
                a[k] = A[row * lda + column];
                b[k] = B[row * ldb + column];
            }
        }
#pragma unroll
        for (int k = 0; k < kUnroll; ++k) {
            const int64_t row = first + k * kRows;
            if (row < M) C[row * ldc + column] = axpby(alpha, a[k], beta, b[k]);
        }
    }
}

__global__ void __launch_bounds__(kThreads, kBlocksPerSm)
    axpby_scalars(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M, int64_t N,
                  float alpha, float beta) {
    axpby_column(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
}

// The leading dimensions are divisible by 4; N need not be.
__global__ void __launch_bounds__(kThreads, kBlocksPerSm)
    axpby_vectors(const float* A, int64_t lda, const float* B, int64_t ldb, float* C, int64_t ldc, int64_t M, int64_t N,
                  float alpha, float beta) {
    axpby_column(reinterpret_cast<const float4*>(A), lda / 4, reinterpret_cast<const float4*>(B), ldb / 4,
                 reinterpret_cast<float4*>(C), ldc / 4, M, N / 4, alpha, beta);

    // The at most 3 columns behind the last float4: rounding N up instead would write C's padding.
    const int64_t column = N / 4 * 4 + threadIdx.x;
    if (blockIdx.x != 0 || column >= N) return;
    const int64_t stride = int64_t(gridDim.y) * kRows;
    for (int64_t row = int64_t(blockIdx.y) * kRows + threadIdx.y; row < M; row += stride)
        C[row * ldc + column] = axpby(alpha, A[row * lda + column], beta, B[row * ldb + column]);
}

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

extern "C" cudaError_t launch_matrix_axpby(const float* A, int64_t lda, const float* B, int64_t ldb, float* C,
                                           int64_t ldc, int64_t M, int64_t N, float alpha, float beta,
                                           cudaStream_t stream) {
    const bool aligned = (lda | ldb | ldc) % 4 == 0;
    const int64_t columns = aligned ? ceil_div(N, 4) : N;
    const int64_t tiles = ceil_div(M, kTileRows);
    const dim3 grid(unsigned(ceil_div(columns, kColumns)), unsigned(tiles < kMaxGridY ? tiles : kMaxGridY));
    const dim3 block(kColumns, kRows);
    if (aligned)
        axpby_vectors<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    else
        axpby_scalars<<<grid, block, 0, stream>>>(A, lda, B, ldb, C, ldc, M, N, alpha, beta);
    return cudaGetLastError();
}
