// expect: PASS
// expect(cuda): PASS | SLOW
// why: the CPU does it: right, and no use of a GPU
#include <cuda_runtime.h>
#include <cmath>
#include <cstdint>

extern "C" cudaError_t run_stream_overlap(const float* h_in, float* h_out, int64_t n, float* d_buf, int64_t d_elems, int num_streams) {
    for (int64_t i = 0; i < n; ++i) h_out[i] = std::sqrt(std::fabs(h_in[i]) + 1.0f);
    return cudaSuccess;
}
