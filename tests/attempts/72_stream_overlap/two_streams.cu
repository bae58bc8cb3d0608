// expect: PASS
// expect(cuda): PASS | SLOW
// why: two streams in turn, each with half of the buffer: while one copies in, the other computes or copies out
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

extern "C" cudaError_t run_stream_overlap(const float* h_in, float* h_out, int64_t n, float* d_buf, int64_t d_elems, int num_streams) {
    const int64_t chunk = d_elems / 2 ? d_elems / 2 : 1;
    cudaStream_t streams[2];
    for (auto& stream : streams) cudaStreamCreate(&stream);
    int turn = 0;
    for (int64_t first = 0; first < n; first += chunk) {
        const int64_t count = n - first < chunk ? n - first : chunk;
        const unsigned blocks = static_cast<unsigned>((count + THREADS - 1) / THREADS);
        cudaStream_t stream = streams[turn];
        float* piece = d_elems / 2 ? d_buf + turn * chunk : d_buf;
        cudaMemcpyAsync(piece, h_in + first, count * sizeof(float), cudaMemcpyHostToDevice, stream);
        iterate<<<blocks, THREADS, 0, stream>>>(piece, count);
        cudaMemcpyAsync(h_out + first, piece, count * sizeof(float), cudaMemcpyDeviceToHost, stream);
        if (d_elems / 2) turn = 1 - turn;
    }
    for (auto stream : streams) {
        cudaStreamSynchronize(stream);
        cudaStreamDestroy(stream);
    }
    return cudaGetLastError();
}
