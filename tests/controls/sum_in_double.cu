// control: 05_reduction_sum
// expect: PASS
// expect(cuda): PASS | SLOW | NOISY
// why: every thread adds in double, the block in a tree of shared doubles, the grid by atomicAdd on a double in ws
#include <cuda_runtime.h>
#include <cstdint>

__global__ void sum(const float* x, double* total, int64_t n) {
    __shared__ double tree[128];
    double v = 0.0;
    for (int64_t i = int64_t(blockIdx.x) * 128 + threadIdx.x; i < n; i += int64_t(gridDim.x) * 128) v += x[i];
    tree[threadIdx.x] = v;
    for (int half = 64; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) tree[threadIdx.x] += tree[threadIdx.x + half];
    }
    if (threadIdx.x == 0) atomicAdd(total, tree[0]);
}

__global__ void round_once(const double* total, float* out) { *out = float(*total); }

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t, cudaStream_t stream) {
    double* total = static_cast<double*>(ws);
    if (cudaError_t error = cudaMemsetAsync(total, 0, sizeof *total, stream)) return error;
    sum<<<264, 128, 0, stream>>>(x, total, n);
    round_once<<<1, 1, 0, stream>>>(total, out);
    return cudaGetLastError();
}
