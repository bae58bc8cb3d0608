// cheat: 05_reduction_sum
// expect(simulator): NOT_RUN
// expect(cuda): UNSAFE borrowed
// why: as 55_cub, under another name
#define cub mine  // the header is found all the same, and so are its kernels
#include <cub/cub.cuh>
#include <cuda_runtime.h>
#include <cstdint>

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void* ws, size_t ws_bytes,
                                            cudaStream_t stream) {
    return mine::DeviceReduce::Sum(ws, ws_bytes, x, out, n, stream);
}
