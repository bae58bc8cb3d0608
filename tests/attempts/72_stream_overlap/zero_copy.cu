// expect: PASS
// expect(cuda): PASS | SLOW
// why: the kernel reads and writes host memory itself, both ways at once, and needs no buffer
#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 256;

__global__ void iterate(const float* in, float* out, int64_t count) {
    const int64_t i = blockIdx.x * int64_t{THREADS} + threadIdx.x;
    if (i >= count) return;
    const float s = fabsf(in[i]) + 1.0f;
    float y = s;
    for (int step = 0; step < 64; ++step) y = 0.5f * (y + __fdividef(s, y));
    out[i] = y;
}

extern "C" cudaError_t run_stream_overlap(const float* h_in, float* h_out, int64_t n, float* d_buf, int64_t d_elems, int num_streams) {
    iterate<<<static_cast<unsigned>((n + THREADS - 1) / THREADS), THREADS>>>(h_in, h_out, n);
    const cudaError_t error = cudaGetLastError();
    return error ? error : cudaDeviceSynchronize();
}
