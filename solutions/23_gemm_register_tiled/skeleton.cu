// 23 SGEMM, rung 3: C = alpha * A * B + beta * C, with a square of C in every thread's registers.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding. C is read and
// written; with beta = 0 it must not be read, as it may hold NaN.
// Run it with:  python -m grader run 23_gemm_register_tiled

#include <cuda_runtime.h>

__global__ void gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K, float alpha,
                                    float beta) {
    // TODO: for each tile along K: bring a tile of A and one of B to shared memory; wait; for each k of the tile load
    // a few elements of either into registers and add all their products to a small array; wait. Then update C.
}

extern "C" cudaError_t launch_gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                                  float alpha, float beta, cudaStream_t stream) {
    // TODO: one block per tile of C, and launch on `stream`:
    // gemm_register_tiled<<<grid, block, 0, stream>>>(A, B, C, M, N, K, alpha, beta);
    return cudaGetLastError();
}
