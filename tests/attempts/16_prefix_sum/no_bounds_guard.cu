// expect: UNSAFE oob
// expect(cuda): UNSAFE oob | WRONG | CRASH | TIMEOUT
// why: the last block reads and writes past the ends of x and out
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

// The sums up to each thread's v, over the block.
template <class T>
__device__ T block_scan(T v) {
    __shared__ T shared[BLOCK];
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int d = 1; d < BLOCK; d *= 2) {
        const T below = threadIdx.x >= d ? shared[threadIdx.x - d] : T(0);
        __syncthreads();
        shared[threadIdx.x] += below;
        __syncthreads();
    }
    return shared[threadIdx.x];
}

// Four elements per thread.
__global__ void part_sums(const int32_t* x, int64_t n, int64_t* sums) {
    int64_t sum = 0;
    for (int k = 0; k < 4; ++k) {
        const int64_t i = (blockIdx.x * int64_t{BLOCK} + threadIdx.x) * 4 + k;
        if (i < n) sum += x[i];
    }
    sum = block_scan(sum);
    if (threadIdx.x == BLOCK - 1) sums[blockIdx.x] = sum;
}

// sums becomes its own exclusive prefix sum; one block.
__global__ void scan_sums(int64_t* sums, int64_t parts) {
    int64_t carry = 0;
    __shared__ int64_t round;
    for (int64_t first = 0; first < parts; first += BLOCK) {
        const int64_t p = first + threadIdx.x;
        const int64_t mine = p < parts ? sums[p] : 0;
        const int64_t up_to_mine = block_scan(mine);
        if (p < parts) sums[p] = carry + up_to_mine - mine;
        if (threadIdx.x == BLOCK - 1) round = up_to_mine;
        __syncthreads();
        carry += round;
        __syncthreads();
    }
}

__global__ void scan_parts(const int32_t* x, int64_t* out, int64_t n, int exclusive, const int64_t* sums) {
    const int64_t first = (blockIdx.x * int64_t{BLOCK} + threadIdx.x) * 4;
    int64_t sum = 0;
    for (int k = 0; k < 4; ++k)
        if (first + k < n) sum += x[first + k];
    int64_t before = sums[blockIdx.x] + block_scan(sum) - sum;
    for (int k = 0; k < 4; ++k) {
        out[first + k] = exclusive ? before : before + x[first + k];
        before += x[first + k];
    }
}

extern "C" cudaError_t launch_prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, void* ws, size_t ws_bytes, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t parts = (n + BLOCK * 4 - 1) / (BLOCK * 4);
    int64_t* sums = static_cast<int64_t*>(ws);
    part_sums<<<unsigned(parts), BLOCK, 0, stream>>>(x, n, sums);
    scan_sums<<<1, BLOCK, 0, stream>>>(sums, parts);
    scan_parts<<<unsigned(parts), BLOCK, 0, stream>>>(x, out, n, exclusive, sums);
    return cudaGetLastError();
}
