// expect(cuda): CRASH
// expect(simulator): PASS
// why: a 32-bit product overflows from element 2^26 on, and the address is far outside; no small case shows it

#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const int byte = int(unsigned(i) * 32u);  // 32-bit arithmetic: negative from element 2^26 on
    const float* p = reinterpret_cast<const float*>(reinterpret_cast<const char*>(a) + (byte < 0 ? int64_t(byte) << 20 : 4 * i));
    c[i] = *p + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
