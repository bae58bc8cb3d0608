// control: 05_reduction_sum
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: many launches: 32 blocks' worth of sums in ws are folded in place, half onto half, until one is left
#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 8192;

__global__ void partial(const float* x, float* sums, int64_t n) {
    const int64_t me = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    float v = 0.0f;
    for (int64_t i = me; i < n; i += THREADS) v += x[i];
    sums[me] = v;
}

__global__ void fold(float* sums, int half) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < half) sums[i] += sums[i + half];
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t, cudaStream_t stream) {
    float* sums = static_cast<float*>(ws);
    partial<<<THREADS / 256, 256, 0, stream>>>(x, sums, n);
    for (int half = THREADS / 2; half > 0; half /= 2) fold<<<(half + 255) / 256, 256, 0, stream>>>(sums, half);
    if (cudaError_t error = cudaMemcpyAsync(out, sums, sizeof(float), cudaMemcpyDeviceToDevice, stream)) return error;
    return cudaGetLastError();
}
