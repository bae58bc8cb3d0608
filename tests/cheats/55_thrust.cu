// cheat: 05_reduction_sum
// expect(simulator): NOT_RUN
// expect(cuda): UNSAFE borrowed
// why: lets Thrust do the reduction; it allocates, and waits for the result besides
#include <thrust/execution_policy.h>
#include <thrust/reduce.h>
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    static float sum;
    sum = thrust::reduce(thrust::cuda::par.on(stream), x, x + n);
    return cudaMemcpyAsync(out, &sum, sizeof sum, cudaMemcpyHostToDevice, stream);
}
