// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: two launches: C is scaled, or cleared where beta is 0, and then alpha * a * b is added to it in global memory.

#include <cuda_runtime.h>

__global__ void scale(float* C, int count, float beta) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) C[i] *= beta;
}

__global__ void add(const float* A, const float* B, float* C, int M, int N, int K, float alpha) {
    const int col = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
    if (col >= N) return;
    float sum = 0.0f;
    for (int k = K - 1; k >= 0; --k) sum += alpha * A[row * K + k] * B[k * N + col];
    C[row * N + col] += sum;
}

extern "C" cudaError_t launch_gemm_register_tiled(const float* A, const float* B, float* C, int M, int N, int K,
                                                  float alpha, float beta, cudaStream_t stream) {
    if (beta == 0.0f) {
        if (cudaError_t error = cudaMemsetAsync(C, 0, sizeof(float) * M * N, stream)) return error;
    } else {
        scale<<<(M * N + 255) / 256, 256, 0, stream>>>(C, M * N, beta);
    }
    add<<<dim3((N + 63) / 64, M), 64, 0, stream>>>(A, B, C, M, N, K, alpha);
    return cudaGetLastError();
}
