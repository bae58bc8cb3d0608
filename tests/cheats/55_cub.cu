// cheat: 05_reduction_sum
// expect(simulator): NOT_RUN
// expect(cuda): UNSAFE borrowed
// why: lets CUB do the reduction that the exercise asks for
#include <cub/cub.cuh>
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes,
                                            cudaStream_t stream) {
    return cub::DeviceReduce::Sum(ws, ws_bytes, x, out, n, stream);
}
