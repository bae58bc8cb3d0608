// control: 08_dot_product
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: __half2 loads where both vectors start at an even element or both at an odd one, the ends one by one
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void dot(const __half* a, const __half* b, float* out, int64_t n, int64_t head, int64_t pairs) {
    const int64_t me = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, all = int64_t(gridDim.x) * blockDim.x;
    float v = 0.0f;
    for (int64_t i = me; i < pairs; i += all) {
        const float2 x = __half22float2(reinterpret_cast<const __half2*>(a + head)[i]);
        const float2 y = __half22float2(reinterpret_cast<const __half2*>(b + head)[i]);
        v += x.x * y.x + x.y * y.y;
    }
    for (int64_t i = me; i < n - 2 * pairs; i += all) {
        const int64_t at = i < head ? i : i + 2 * pairs;
        v += __half2float(a[at]) * __half2float(b[at]);
    }
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (threadIdx.x % 32 == 0) atomicAdd(out, v);
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void*, size_t,
                                          cudaStream_t stream) {
    const auto odd = [](const __half* p) { return int64_t(reinterpret_cast<uintptr_t>(p) / 2 % 2); };
    int64_t head = 0, pairs = 0;
    if (odd(a) == odd(b)) {
        head = odd(a);
        pairs = (n - head) / 2;
    }
    if (cudaError_t error = cudaMemsetAsync(out, 0, sizeof(float), stream)) return error;
    dot<<<48, 160, 0, stream>>>(a, b, out, n, head, pairs);
    return cudaGetLastError();
}
