// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: a block sets its flag without a fence: the next one may see the flag before the sum
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 1024;

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

// ws: a ticket, then a flag, then one sum per block, each 8 bytes apart.
__global__ void chained(const int32_t* x, int64_t* out, int64_t n, int exclusive, unsigned long long* ticket,
                        unsigned* flags, int64_t* sums) {
    __shared__ int64_t part, carry;
    if (threadIdx.x == 0) part = int64_t(atomicAdd(ticket, 1ull));
    __syncthreads();
    const int64_t i = part * BLOCK + threadIdx.x;
    const int64_t mine = i < n ? x[i] : 0;
    const int64_t up_to_mine = block_scan(mine);
    if (threadIdx.x == BLOCK - 1) {
        carry = 0;
        if (part > 0) {
            while (atomicAdd(&flags[part - 1], 0u) == 0) {}
            __threadfence();
            carry = sums[part - 1];
        }
        sums[part] = carry + up_to_mine;
        atomicExch(&flags[part], 1u);
    }
    __syncthreads();
    if (i < n) out[i] = carry + up_to_mine - (exclusive ? mine : 0);
}

extern "C" cudaError_t launch_prefix_sum(const int32_t* x, int64_t* out, int64_t n, int exclusive, void* ws, size_t ws_bytes, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    const int64_t parts = (n + BLOCK - 1) / BLOCK;
    if (cudaError_t error = cudaMemsetAsync(ws, 0, 8 + parts * 4, stream)) return error;
    unsigned long long* ticket = static_cast<unsigned long long*>(ws);
    unsigned* flags = reinterpret_cast<unsigned*>(ticket + 1);
    int64_t* sums = reinterpret_cast<int64_t*>(flags + (parts + 1) / 2 * 2);
    chained<<<unsigned(parts), BLOCK, 0, stream>>>(x, out, n, exclusive, ticket, flags, sums);
    return cudaGetLastError();
}
