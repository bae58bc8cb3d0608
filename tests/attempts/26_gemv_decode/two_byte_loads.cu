// expect(cuda): PASS | SLOW
// expect(simulator): PASS
// why: one warp per row with loads of one half each is right: coalesced, if narrow.

#include <cuda_fp16.h>
#include <cuda_runtime.h>

__global__ void gemv(const __half* W, const __half* x, __half* y, int N, int K) {
    const int row = blockIdx.x * 4 + threadIdx.y, lane = threadIdx.x;
    float sum = 0.0f;
    for (int k = lane; row < N && k < K; k += 32) sum += __half2float(W[size_t(row) * K + k]) * __half2float(x[k]);
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(~0u, sum, offset);
    if (lane == 0 && row < N) y[row] = __float2half(sum);
}

extern "C" cudaError_t launch_gemv_decode(const __half* W, const __half* x, __half* y, int N, int K,
                                          cudaStream_t stream) {
    gemv<<<(N + 3) / 4, dim3(32, 4), 0, stream>>>(W, x, y, N, K);
    return cudaGetLastError();
}
