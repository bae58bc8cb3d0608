// expect: WRONG | UNSAFE uninit | UNSAFE sync
// why: the event is recorded before the copy it should follow; nor does anybody wait for the last one
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
    cudaStream_t in, work, out;  // one stream for each kind of work
    cudaStreamCreateWithFlags(&in, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&out, cudaStreamNonBlocking);
    constexpr int PIECES = 3;
    cudaEvent_t copied[PIECES], computed[PIECES], emptied[PIECES];
    for (int p = 0; p < PIECES; ++p) {
        cudaEventCreateWithFlags(&copied[p], cudaEventDisableTiming);
        cudaEventCreateWithFlags(&computed[p], cudaEventDisableTiming);
        cudaEventCreateWithFlags(&emptied[p], cudaEventDisableTiming);
    }
    const int64_t chunk = d_elems / PIECES;
    for (int64_t first = 0, c = 0; first < n; first += chunk, ++c) {
        const int64_t count = n - first < chunk ? n - first : chunk;
        const int p = static_cast<int>(c % PIECES);
        float* piece = d_buf + p * chunk;
        cudaStreamWaitEvent(in, emptied[p], 0);  // an event that was never recorded holds up nobody
        cudaEventRecord(copied[p], in);
        cudaMemcpyAsync(piece, h_in + first, count * sizeof(float), cudaMemcpyHostToDevice, in);
        cudaStreamWaitEvent(work, copied[p], 0);
        iterate<<<blocks(count), THREADS, 0, work>>>(piece, count);
        cudaEventRecord(computed[p], work);
        cudaStreamWaitEvent(out, computed[p], 0);
        cudaMemcpyAsync(h_out + first, piece, count * sizeof(float), cudaMemcpyDeviceToHost, out);
        cudaEventRecord(emptied[p], out);
    }
    cudaStreamSynchronize(out);  // the last thing of every chunk
    for (int p = 0; p < PIECES; ++p) {
        cudaEventDestroy(copied[p]);
        cudaEventDestroy(computed[p]);
        cudaEventDestroy(emptied[p]);
    }
    cudaStreamDestroy(in);
    cudaStreamDestroy(work);
    cudaStreamDestroy(out);
    return cudaGetLastError();
}
