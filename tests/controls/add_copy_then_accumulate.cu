// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: a device-to-device copy on the stream sets c to a, then a kernel adds b in place
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add_to(float* c, const float* b, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] += b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    if (cudaError_t error = cudaMemcpyAsync(c, a, sizeof(float) * n, cudaMemcpyDeviceToDevice, stream)) return error;
    add_to<<<unsigned((n + 191) / 192), 192, 0, stream>>>(c, b, n);
    return cudaGetLastError();
}
