// expect: PASS
// expect(cuda): PASS | SLOW
// why: nothing overlaps: copy, kernel, copy, and the next chunk
#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 256;

__global__ void iterate(float* data, int64_t count) {
    const int64_t i = blockIdx.x * int64_t{THREADS} + threadIdx.x;
    if (i >= count) return;
    const float s = fabsf(data[i]) + 1.0f;
    float y = s;
    for (int step = 0; step < 64; ++step) y = 0.5f * (y + __fdividef(s, y));
    data[i] = y;
}

static unsigned blocks(int64_t count) { return static_cast<unsigned>((count + THREADS - 1) / THREADS); }

extern "C" cudaError_t run_stream_overlap(const float* h_in, float* h_out, int64_t n, float* d_buf, int64_t d_elems, int num_streams) {
    for (int64_t first = 0; first < n; first += d_elems) {
        const int64_t count = n - first < d_elems ? n - first : d_elems;
        cudaMemcpy(d_buf, h_in + first, count * sizeof(float), cudaMemcpyHostToDevice);
        iterate<<<blocks(count), THREADS>>>(d_buf, count);
        cudaMemcpy(h_out + first, d_buf, count * sizeof(float), cudaMemcpyDeviceToHost);
    }
    return cudaGetLastError();
}
