// cheat: 05_reduction_sum
// expect(simulator): NOT_RUN
// expect(cuda): UNSAFE borrowed | COMPILE
// why: lets cuBLAS do the reduction; COMPILE where its headers are not installed
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    static cublasHandle_t handle = nullptr;
    if (!handle && cublasCreate(&handle)) return cudaErrorUnknown;
    cublasSetStream(handle, stream);
    cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_DEVICE);
    return cublasSasum(handle, int(n), x, 1, out) ? cudaErrorUnknown : cudaSuccess;
}
