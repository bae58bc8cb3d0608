// expect(cuda): SLOW | TIMEOUT
// expect(simulator): SLOW coalescing
// why: one thread per row, one product after the other in fp32, is right, and reads W a row apart.

#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gemv(const __half* W, const __half* x, __half* y, int N, int K) {
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= N) return;
    float sum = 0.0f;
    for (int k = 0; k < K; ++k) sum += __half2float(W[size_t(row) * K + k]) * __half2float(x[k]);
    y[row] = __float2half(sum);
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    gemv<<<(N + 63) / 64, 64, 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
