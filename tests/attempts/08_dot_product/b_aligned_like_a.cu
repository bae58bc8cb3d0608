// expect: WRONG | UNSAFE
// why: the head is peeled for a alone; b may be misaligned in another way, so its pairs are not the partners of a's
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

__device__ float share(const __half* a, const __half* b, int64_t n) {
    const int64_t head = reinterpret_cast<uintptr_t>(a) % 4 / 2;
    const __half2* a2 = reinterpret_cast<const __half2*>(a + head);
    const __half2* b2 = reinterpret_cast<const __half2*>((reinterpret_cast<uintptr_t>(b + head) / 4) * 4);
    const int64_t pairs = (n - head) / 2;
    float sum = 0.0f;
    for (int64_t i = blockIdx.x * int64_t{BLOCK} + threadIdx.x; i < pairs; i += int64_t{GRID} * BLOCK) {
        const float2 x = __half22float2(a2[i]), y = __half22float2(b2[i]);
        sum += x.x * y.x + x.y * y.y;
    }
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        if (head == 1) sum += __half2float(a[0]) * __half2float(b[0]);
        if ((n - head) % 2 == 1) sum += __half2float(a[n - 1]) * __half2float(b[n - 1]);
    }
    return sum;
}

__global__ void partial_dots(const __half* a, const __half* b, int64_t n, float* sums) {
    const float sum = block_sum(share(a, b, n));
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void add_up(const float* sums, float* out) {
    float sum = 0.0f;
    for (int i = threadIdx.x; i < GRID; i += BLOCK) sum += sums[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[0] = sum;
}

extern "C" cudaError_t launch_dot_product(const __half* a, const __half* b, float* out, int64_t n, void* ws, size_t ws_bytes, cudaStream_t stream) {
    float* sums = static_cast<float*>(ws);
    partial_dots<<<GRID, BLOCK, 0, stream>>>(a, b, n, sums);
    add_up<<<1, BLOCK, 0, stream>>>(sums, out);
    return cudaGetLastError();
}
