// control: 08_dot_product
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: chunks of products are laid out in ws as floats and reduced from there, chunk after chunk, in many launches
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void start(float* total) { *total = 0.0f; }

__global__ void multiply(const __half* a, const __half* b, float* products, int64_t n) {
    for (int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 256)
        products[i] = __half2float(a[i]) * __half2float(b[i]);
}

__global__ void add_up(const float* products, float* total, int64_t n) {
    float v = 0.0f;
    for (int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 256) v += products[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x % 32 == 0) atomicAdd(total, v);
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void* ws, size_t ws_bytes,
                                          cudaStream_t stream) {
    float* products = static_cast<float*>(ws);
    const int64_t chunk = int64_t(ws_bytes / sizeof(float));
    start<<<1, 1, 0, stream>>>(out);
    for (int64_t from = 0; from < n; from += chunk) {
        const int64_t count = n - from < chunk ? n - from : chunk;
        multiply<<<32, 256, 0, stream>>>(a + from, b + from, products, count);
        add_up<<<32, 256, 0, stream>>>(products, out, count);
    }
    return cudaGetLastError();
}
