// control: 01_vector_add
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: float4 where a, b and c are equally far from a 16-byte boundary, head and tail one by one, else all one by one
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n, int64_t head, int64_t packs) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < packs) {
        const float4 x = reinterpret_cast<const float4*>(a + head)[i], y = reinterpret_cast<const float4*>(b + head)[i];
        reinterpret_cast<float4*>(c + head)[i] = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
    }
    const int64_t rest = i < head ? i : i + 4 * packs;  // the elements outside the packs, in order
    if (rest < n) c[rest] = a[rest] + b[rest];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const auto off = [](const float* p) { return int64_t(reinterpret_cast<uintptr_t>(p) / 4 % 4); };
    int64_t head = 0, packs = 0;
    if (off(a) == off(b) && off(b) == off(c) && n >= 8) {
        head = (4 - off(a)) % 4;
        packs = (n - head) / 4;
    }
    const int64_t threads = packs > n - 4 * packs ? packs : n - 4 * packs;
    add<<<unsigned((threads + 255) / 256), 256, 0, stream>>>(a, b, c, n, head, packs);
    return cudaGetLastError();
}
