// 72 Stream overlap: h_out[i] = sqrt(|h_in[i]| + 1), by 64 steps of an iteration; the arrays lie in host memory.
//
// d_buf is cut into num_streams pieces, h_in into chunks of one piece. Chunk c belongs to stream c % num_streams and to
// that stream's piece: copy in, kernel, copy out. So, with three streams, time goes to the right:
//
//   stream 0   in 0 | kernel 0 | out 0 | in 3     | kernel 3 | out 3
//   stream 1          in 1     | kernel 1 | out 1 | in 4     | ...
//   stream 2                     in 2     | kernel 2 | out 2 | ...
//
// The engine for copies in, the SMs and the engine for copies out all have work. A stream does one thing after the
// other, so nobody overwrites a piece that is still in use, and no event is needed.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int THREADS = 256;
constexpr int MAX_STREAMS = 16;  // more than enough: three things can happen at the same time

// data[i] = sqrt(|data[i]| + 1), in place.
__global__ void iterate(float* data, int64_t count) {
    const int64_t i = blockIdx.x * int64_t{THREADS} + threadIdx.x;
    if (i >= count) return;
    const float s = fabsf(data[i]) + 1.0f;
    float y = s;
    for (int step = 0; step < 64; ++step) y = 0.5f * (y + __fdividef(s, y));
    data[i] = y;
}

// Puts one chunk's whole way on a stream; returns at once.
static cudaError_t pass(const float* h_in, float* h_out, int64_t count, float* piece, cudaStream_t stream) {
    const size_t bytes = count * sizeof(float);
    const unsigned blocks = static_cast<unsigned>((count + THREADS - 1) / THREADS);
    if (cudaError_t error = cudaMemcpyAsync(piece, h_in, bytes, cudaMemcpyHostToDevice, stream)) return error;
    iterate<<<blocks, THREADS, 0, stream>>>(piece, count);
    if (cudaError_t error = cudaGetLastError()) return error;
    return cudaMemcpyAsync(h_out, piece, bytes, cudaMemcpyDeviceToHost, stream);
}

extern "C" cudaError_t run_stream_overlap(const float* h_in, float* h_out, int64_t n, float* d_buf, int64_t d_elems,
                                          int num_streams) {
    const int count = num_streams < MAX_STREAMS ? num_streams : MAX_STREAMS;
    cudaStream_t streams[MAX_STREAMS] = {};
    cudaError_t error = cudaSuccess;
    for (int k = 0; k < count && error == cudaSuccess; ++k)  // not ordered with the default stream, whatever it does
        error = cudaStreamCreateWithFlags(&streams[k], cudaStreamNonBlocking);

    const int64_t chunk = d_elems / count;
    for (int64_t first = 0, c = 0; first < n && error == cudaSuccess; first += chunk, ++c) {
        const int k = static_cast<int>(c % count);
        const int64_t size = n - first < chunk ? n - first : chunk;  // the last one may be short
        error = pass(h_in + first, h_out + first, size, d_buf + k * chunk, streams[k]);
    }

    // h_out is complete when every stream is done. Also after an error: d_buf is the caller's again.
    for (int k = 0; k < count && streams[k]; ++k) {
        const cudaError_t last = cudaStreamSynchronize(streams[k]);
        if (error == cudaSuccess) error = last;
        cudaStreamDestroy(streams[k]);
    }
    return error;
}
