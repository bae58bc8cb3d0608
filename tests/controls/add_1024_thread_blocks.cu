// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: the largest block there is, 1,024 threads, and a persistent grid sized by the number of SMs
#include <cuda_runtime.h>
#include <cstdint>

__global__ void __launch_bounds__(1024) add(const float* a, const float* b, float* c, int64_t n) {
    for (int64_t i = int64_t(blockIdx.x) * 1024 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 1024) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    add<<<2 * sms, 1024, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
