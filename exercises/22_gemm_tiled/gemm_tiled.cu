// 22 SGEMM, rung 2: C = A * B, with tiles of A and B in shared memory.
//
// A is (M, K), B is (K, N), C is (M, N): fp32 matrices in device memory, row-major, without padding.
// Run it with:  python -m grader run 22_gemm_tiled

#include <cuda_runtime.h>

__global__ void gemm_tiled(const float* A, const float* B, float* C, int M, int N, int K) {
    // TODO: for each tile along K: bring a tile of A and one of B to shared memory, with zeros beyond the edges;
    // wait; add up the products of the tile; wait again. Then write C.
}

extern "C" cudaError_t launch_gemm_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                         cudaStream_t stream) {
    // TODO: one block per tile of C, and launch on `stream`:
    // gemm_tiled<<<grid, block, 0, stream>>>(A, B, C, M, N, K);
    return cudaGetLastError();
}
