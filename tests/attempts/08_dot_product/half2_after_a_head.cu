// expect: PASS
// expect(cuda): PASS | SLOW
// why: pairs from the first 4-byte boundary on, where both vectors have it at the same element, and single ones otherwise
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;
constexpr int GRID = 512;

// The block's sum, for every thread.
__device__ float block_sum(float v) {
    __shared__ float shared[BLOCK];
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

// Elements [head, head + 2 * pairs) go in pairs, the others alone.
__device__ float share(const __half* a, const __half* b, int64_t n, int64_t head, int64_t pairs) {
    const int64_t first = blockIdx.x * int64_t{BLOCK} + threadIdx.x, stride = int64_t{GRID} * BLOCK;
    float sum = 0.0f;
    for (int64_t p = first; p < pairs; p += stride) {
        const float2 x = __half22float2(*reinterpret_cast<const __half2*>(a + head + 2 * p));
        const float2 y = __half22float2(*reinterpret_cast<const __half2*>(b + head + 2 * p));
        sum += x.x * y.x + x.y * y.y;
    }
    if (first < head) sum += __half2float(a[first]) * __half2float(b[first]);
    for (int64_t i = head + 2 * pairs + first; i < n; i += stride) sum += __half2float(a[i]) * __half2float(b[i]);
    return sum;
}

__global__ void partial_dots(const __half* a, const __half* b, int64_t n, int64_t head, int64_t pairs, float* sums) {
    const float sum = block_sum(share(a, b, n, head, pairs));
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void add_up(const float* sums, float* out) {
    float sum = 0.0f;
    for (int i = threadIdx.x; i < GRID; i += BLOCK) sum += sums[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum;
}

static int64_t odd(const __half* p) { return reinterpret_cast<uintptr_t>(p) % 4 / 2; }

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    const int64_t head = odd(a) < n ? odd(a) : n;
    const int64_t pairs = odd(a) == odd(b) ? (n - head) / 2 : 0;
    float* sums = static_cast<float*>(ws);
    partial_dots<<<GRID, BLOCK, 0, stream>>>(a, b, n, head, pairs, sums);
    add_up<<<1, BLOCK, 0, stream>>>(sums, out);
    return cudaGetLastError();
}
