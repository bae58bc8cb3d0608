// 30 LayerNorm: y[r, c] = (x[r, c] - mean) / sqrt(variance + eps) * gamma[c] + beta[c], mean and variance of row r.
//
// x, y are (rows, cols) fp32 matrices in device memory, row-major; gamma and beta hold cols floats; cols <= 16,384.
//
// One block per row. The row is read once and stays in registers; the mean is found first, then the variance around
// it. That walks the registers twice and memory once.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int MAX_WARPS = 32;          // of a block of 1,024 threads
constexpr int64_t MAX_GRID = 1 << 30;  // the grid's x limit is 2^31 - 1; more rows are walked in a loop

// ---------------------------------------------------------------- memory: VEC = 4 moves 16 bytes a thread, VEC = 1 four

__device__ void load(float (&v)[1], const float* from) { v[0] = __ldg(from); }

__device__ void load(float (&v)[4], const float* from) {
    const float4 t = __ldg(reinterpret_cast<const float4*>(from));
    v[0] = t.x, v[1] = t.y, v[2] = t.z, v[3] = t.w;
}

__device__ void store(float* to, const float (&v)[1]) { *to = v[0]; }

__device__ void store(float* to, const float (&v)[4]) {
    *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
}

// ---------------------------------------------------------------- reduction: every thread gets the sum

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// One value per warp goes through `partial`, a shared array of MAX_WARPS. One barrier, between its writes and its
// reads. None is needed after the reads: the kernel calls this on two arrays in turn, so the other call's barrier
// stands between these reads and the next writes.
__device__ float block_sum(float v, float* partial) {
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    v = warp_sum(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();
    return warp_sum(lane < warps ? partial[lane] : 0.0f);  // each warp for itself: no second barrier to broadcast
}

// ---------------------------------------------------------------- rows

// cols <= THREADS * ITEMS. All loads are issued before the first use: ITEMS / VEC of them are in flight per thread.
template <int VEC, int THREADS, int ITEMS>
__global__ void __launch_bounds__(THREADS) layernorm(const float* x, const float* gamma, const float* beta, float* y,
                                                     int64_t rows, int cols, float eps) {
    constexpr int PACKS = ITEMS / VEC;
    __shared__ float partial_sums[MAX_WARPS], partial_squares[MAX_WARPS];

    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        const float* from = x + row * cols;
        float* to = y + row * cols;
        float v[PACKS][VEC];

#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int c = (i * THREADS + threadIdx.x) * VEC;  // neighbouring threads, neighbouring addresses
            if (c < cols) {
                load(v[i], from + c);
            } else {
                for (int j = 0; j < VEC; ++j) v[i][j] = 0.0f;  // beyond the row: adds nothing to the sum
            }
        }

        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < PACKS; ++i)
            for (int j = 0; j < VEC; ++j) sum += v[i][j];
        const float mean = block_sum(sum, partial_sums) / cols;

        // Squares of deviations: small numbers, whatever the mean. E[x^2] - mean^2 would subtract two large ones.
        float squares = 0.0f;
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int c = (i * THREADS + threadIdx.x) * VEC;
            for (int j = 0; j < VEC; ++j) {
                v[i][j] -= mean;
                if (c < cols) squares += v[i][j] * v[i][j];  // beyond the row v is -mean now, and does not count
            }
        }
        const float inv = rsqrtf(block_sum(squares, partial_squares) / cols + eps);

#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int c = (i * THREADS + threadIdx.x) * VEC;
            if (c < cols) {
                float g[VEC], b[VEC];
                load(g, gamma + c);
                load(b, beta + c);
                for (int j = 0; j < VEC; ++j) v[i][j] = v[i][j] * inv * g[j] + b[j];
                store(to + c, v[i]);
            }
        }
    }
}

// ---------------------------------------------------------------- launch

template <int VEC, int THREADS, int ITEMS>
static void launch(const float* x, const float* gamma, const float* beta, float* y, int64_t rows, int cols, float eps,
                   cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>(rows < MAX_GRID ? rows : MAX_GRID);
    layernorm<VEC, THREADS, ITEMS><<<grid, THREADS, 0, stream>>>(x, gamma, beta, y, rows, cols, eps);
}

// Small blocks, with at most 32 registers a thread for the row: an SM then holds several of them, and the loads of one
// cover the barriers of another.
template <int VEC>
static void choose(const float* x, const float* gamma, const float* beta, float* y, int64_t rows, int cols, float eps,
                   cudaStream_t stream) {
    if (cols <= 1024) {
        launch<VEC, 256, 4>(x, gamma, beta, y, rows, cols, eps, stream);
    } else if (cols <= 4096) {
        launch<VEC, 128, 32>(x, gamma, beta, y, rows, cols, eps, stream);
    } else if (cols <= 8192) {
        launch<VEC, 512, 16>(x, gamma, beta, y, rows, cols, eps, stream);
    } else {
        launch<VEC, 1024, 16>(x, gamma, beta, y, rows, cols, eps, stream);
    }
}

extern "C" cudaError_t launch_layernorm(const float* x, const float* gamma, const float* beta, float* y, int64_t rows,
                                        int cols, float eps, cudaStream_t stream) {
    if (rows <= 0 || cols <= 0) return cudaSuccess;       // an empty grid is an error
    if (cols > 1024 * 16) return cudaErrorInvalidValue;  // no block holds such a row in its registers
    // float4 needs every row to start at a multiple of 16 bytes. The arrays do; the rows do if cols is a multiple of 4.
    if (cols % 4 == 0) {
        choose<4>(x, gamma, beta, y, rows, cols, eps, stream);
    } else {
        choose<1>(x, gamma, beta, y, rows, cols, eps, stream);
    }
    return cudaGetLastError();
}
