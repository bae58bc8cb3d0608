// expect: PASS
// expect(cuda): PASS | SLOW
// why: the host waits for a single event, on a stream that waits for an event of every other
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
    cudaStream_t streams[8] = {}, last;
    cudaEvent_t done[8] = {}, all;
    for (int k = 0; k < num_streams; ++k) {
        cudaStreamCreateWithFlags(&streams[k], cudaStreamNonBlocking);
        cudaEventCreateWithFlags(&done[k], cudaEventDisableTiming);
    }
    cudaStreamCreateWithFlags(&last, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&all, cudaEventDisableTiming);
    const int64_t chunk = d_elems / num_streams;
    for (int64_t first = 0, c = 0; first < n; first += chunk, ++c) {
        const int64_t count = n - first < chunk ? n - first : chunk;
        const cudaStream_t stream = streams[c % num_streams];
        float* piece = d_buf + c % num_streams * chunk;
        cudaMemcpyAsync(piece, h_in + first, count * sizeof(float), cudaMemcpyHostToDevice, stream);
        iterate<<<blocks(count), THREADS, 0, stream>>>(piece, count);
        cudaMemcpyAsync(h_out + first, piece, count * sizeof(float), cudaMemcpyDeviceToHost, stream);
    }
    cudaStreamSynchronize(last);  // there is nothing on it yet
    for (int k = 0; k < num_streams; ++k) {
        cudaEventRecord(done[k], streams[k]);
        cudaStreamWaitEvent(last, done[k], 0);
    }
    cudaEventRecord(all, last);
    const cudaError_t error = cudaEventSynchronize(all);
    for (int k = 0; k < num_streams; ++k) {
        cudaStreamDestroy(streams[k]);
        cudaEventDestroy(done[k]);
    }
    cudaStreamDestroy(last);
    cudaEventDestroy(all);
    return error;
}
