// cheat: 05_reduction_sum
// expect(simulator): UNSAFE oob
// expect(cuda): WRONG | UNSAFE oob | CRASH
// why: looks for the expected sum behind the output, where a careless grader keeps it
#include <cuda_runtime.h>
#include <cstdint>

__global__ void scan(float* out) {
    for (int i = 1; i < 1024; ++i)  // within the red zone, where a fault tells nobody
        if (out[i] > 1.0f && out[i] < 1e6f) out[0] = out[i];
}

extern "C" cudaError_t launch_reduction_sum(const float*, float* out, int64_t, void*, size_t, cudaStream_t stream) {
    scan<<<1, 1, 0, stream>>>(out);
    return cudaGetLastError();
}
