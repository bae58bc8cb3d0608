// expect: PASS
// expect(cuda): PASS | SLOW
// why: all copies in, then all kernels, then all copies out, round by round; blocking streams
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
    cudaStream_t streams[8] = {};
    for (int k = 0; k < num_streams; ++k) cudaStreamCreate(&streams[k]);
    const int64_t chunk = d_elems / num_streams;
    const auto size = [=](int64_t first) { return n - first < chunk ? (n > first ? n - first : 0) : chunk; };
    for (int64_t round = 0; round < n; round += num_streams * chunk) {
        for (int k = 0; k < num_streams; ++k)
            if (const int64_t count = size(round + k * chunk)) cudaMemcpyAsync(d_buf + k * chunk, h_in + round + k * chunk, count * sizeof(float), cudaMemcpyHostToDevice, streams[k]);
        for (int k = 0; k < num_streams; ++k)
            if (const int64_t count = size(round + k * chunk)) iterate<<<blocks(count), THREADS, 0, streams[k]>>>(d_buf + k * chunk, count);
        for (int k = 0; k < num_streams; ++k)
            if (const int64_t count = size(round + k * chunk)) cudaMemcpyAsync(h_out + round + k * chunk, d_buf + k * chunk, count * sizeof(float), cudaMemcpyDeviceToHost, streams[k]);
    }
    cudaDeviceSynchronize();
    for (int k = 0; k < num_streams; ++k) cudaStreamDestroy(streams[k]);
    return cudaGetLastError();
}
