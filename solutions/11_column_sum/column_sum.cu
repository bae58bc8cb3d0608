// 11 Column sums: out[c] = x[0, c] + x[1, c] + ... + x[rows - 1, c].
//
// x is (rows, cols) fp32, row-major; out has cols floats; ws has room for ws_bytes / 4 floats; all start at 16-byte
// boundaries.
//
// A block is `width` threads wide, along the columns, and kThreads / width rows tall. The grid is wide enough for all
// columns and gridDim.y "splits" tall, so that the chip is full for tall and for wide matrices. Each split writes one
// sum per column; if there are several, a second launch of the same kernel adds up the columns of that small matrix.
// The order of all additions is fixed: the same input gives the same bits every time.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kThreads = 256;
constexpr int kBlocks = 4;    // of them on an SM at once: 64 registers a thread, room for 8 float4
constexpr int kInFlight = 8;  // loads of a thread before its first addition: as float4, 128 KB under way per SM
constexpr int kWidest = 32;   // threads along a row: a warp touches 32 neighbouring packs
constexpr int kPack = 4;      // floats in a float4

__device__ void add(float& sum, float v) { sum += v; }

__device__ void add(float4& sum, const float4& v) {  // four chains of additions that do not wait for each other
    sum.x += v.x;
    sum.y += v.y;
    sum.z += v.z;
    sum.w += v.w;
}

// T is float or float4, and `packs` is how many of them a row has.
// sums[split][pack] = the sum over the rows that belong to this split.
template <typename T>
__global__ void __launch_bounds__(kThreads, kBlocks)
    column_sums(const T* x, int64_t rows, int64_t packs, T* sums) {
    __shared__ T partial[kThreads];
    const int width = blockDim.x, lane = threadIdx.y, lanes = blockDim.y;
    const int me = lane * width + threadIdx.x;
    const int64_t pack = static_cast<int64_t>(blockIdx.x) * width + threadIdx.x;
    const int64_t stride = static_cast<int64_t>(gridDim.y) * lanes;  // all splits go down the matrix side by side

    T sum{};
    if (pack < packs) {
        for (int64_t row = blockIdx.y * lanes + lane; row < rows; row += kInFlight * stride) {
            T v[kInFlight];
#pragma unroll
            for (int i = 0; i < kInFlight; ++i) {  // all loads first, then the additions
                const int64_t r = row + i * stride;
                v[i] = r < rows ? x[r * packs + pack] : T{};
            }
#pragma unroll
            for (int i = 0; i < kInFlight; ++i) add(sum, v[i]);
        }
    }

    // A tree over the lanes. A warp reads and writes neighbouring elements of `partial`: no bank conflicts.
    partial[me] = sum;
    for (int half = lanes / 2; half > 0; half /= 2) {
        __syncthreads();  // the lower half reads what the upper half has written
        if (lane < half) {
            const T other = partial[me + half * width];  // 16 bytes at once, not four floats 16 bytes apart
            add(sum, other);
            partial[me] = sum;
        }
    }
    if (lane == 0 && pack < packs) sums[blockIdx.y * packs + pack] = sum;
}

// ---------------------------------------------------------------- launch

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Threads along a row: no more than it has packs, or most of a warp would idle on a matrix of three columns. The rest
// of the warp then takes the next rows, which are its next addresses.
static int choose_width(int64_t packs) {
    int width = 1;
    while (width < kWidest && width < packs) width *= 2;
    return width;
}

template <typename T>
static void launch(const T* x, int64_t rows, int64_t packs, int64_t splits, T* sums, cudaStream_t stream) {
    const int width = choose_width(packs);
    const dim3 block(width, kThreads / width);
    const dim3 grid(static_cast<unsigned>(ceil_div(packs, width)), static_cast<unsigned>(splits));
    column_sums<<<grid, block, 0, stream>>>(x, rows, packs, sums);
}

// Enough splits to fill the chip; none without rows; and for each a row of ws.
static cudaError_t choose_splits(int64_t rows, int64_t cols, int64_t packs, size_t ws_bytes, int64_t* splits) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    const int width = choose_width(packs);
    const int64_t resident = static_cast<int64_t>(sms) * kBlocks;
    const int64_t busy = ceil_div(rows, kThreads / width * kInFlight);
    const int64_t room = static_cast<int64_t>(ws_bytes / sizeof(float)) / cols;
    *splits = resident / ceil_div(packs, width);
    if (*splits > busy) *splits = busy;
    if (*splits > room) *splits = room;
    if (*splits < 1) *splits = 1;
    return cudaSuccess;
}

extern "C" cudaError_t launch_column_sum(const float* x, float* out, int64_t rows, int64_t cols, void* ws,
                                         size_t ws_bytes, cudaStream_t stream) {
    const bool wide = cols % kPack == 0;  // then every row of x, out and ws starts at a 16-byte boundary
    const int64_t packs = wide ? cols / kPack : cols;
    int64_t splits = 1;
    if (cudaError_t error = choose_splits(rows, cols, packs, ws_bytes, &splits)) return error;

    float* sums = splits > 1 ? static_cast<float*>(ws) : out;
    if (wide)
        launch(reinterpret_cast<const float4*>(x), rows, packs, splits, reinterpret_cast<float4*>(sums), stream);
    else
        launch(x, rows, packs, splits, sums, stream);

    // The end of the first launch is the barrier between its blocks. There is little left to add up: single floats
    // spread it over four times as many threads.
    if (splits > 1) launch<float>(sums, splits, cols, 1, out, stream);
    return cudaGetLastError();
}
