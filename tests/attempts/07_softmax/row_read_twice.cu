// expect: PASS
// expect(cuda): PASS | SLOW
// why: short rows in registers with float4; maximum and sum of a long row in one pass, so it is read twice

// 07 Row softmax: y[r, c] = exp(x[r, c]) / sum over the row of exp(x[r, :]).
//
// x, y are (rows, cols) fp32 matrices in device memory, row-major; y may be the same memory as x.
//
// Two kernels, one block per row in both:
//   softmax_registers  rows of up to 32,768: the row is read once and stays in registers (8 bytes moved per element)
//   softmax_online     longer rows: maximum and sum in one pass ("online"), the quotients in a second one, which
//                      walks backwards because the end of the row is what the L2 cache still holds

#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int MAX_WARPS = 32;           // of a block of 1,024 threads
constexpr int64_t MAX_GRID = 1 << 30;   // the grid's x limit is 2^31 - 1; more rows are walked in a loop

// ---------------------------------------------------------------- memory: VEC = 4 moves 16 bytes a thread, VEC = 1 four

__device__ void load(float (&v)[1], const float* from) { v[0] = *from; }

__device__ void load(float (&v)[4], const float* from) {
    const float4 t = *reinterpret_cast<const float4*>(from);
    v[0] = t.x, v[1] = t.y, v[2] = t.z, v[3] = t.w;
}

// __stcs: y is not read again, so it should leave the L2 cache to x.
__device__ void store(float* to, const float (&v)[1]) { __stcs(to, v[0]); }

__device__ void store(float* to, const float (&v)[4]) {
    __stcs(reinterpret_cast<float4*>(to), make_float4(v[0], v[1], v[2], v[3]));
}

// ---------------------------------------------------------------- reductions: every thread gets the result

__device__ float warp_max(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, offset));
    return v;
}

__device__ float warp_sum(float v) {
    for (int offset = WARP / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(ALL_LANES, v, offset);
    return v;
}

// One value per warp goes through `partial`, a shared array of MAX_WARPS. One barrier, between its writes and its
// reads. None is needed after the reads, as the kernels below call these two in turn, each on an array of its own:
// the other one's barrier stands between these reads and the next writes.
__device__ float block_max(float v, float* partial) {
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    v = warp_max(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();
    return warp_max(lane < warps ? partial[lane] : -FLT_MAX);  // each warp for itself: no second barrier to broadcast
}

__device__ float block_sum(float v, float* partial) {
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    v = warp_sum(v);
    if (lane == 0) partial[warp] = v;
    __syncthreads();
    return warp_sum(lane < warps ? partial[lane] : 0.0f);
}

// ---------------------------------------------------------------- rows that fit in the block's registers

// cols <= THREADS * ITEMS. All loads are issued before the first use: ITEMS / VEC of them are in flight per thread.
template <int VEC, int THREADS, int ITEMS>
__global__ void __launch_bounds__(THREADS) softmax_registers(const float* x, float* y, int64_t rows, int cols) {
    constexpr int PACKS = ITEMS / VEC;
    __shared__ float partial_max[MAX_WARPS], partial_sum[MAX_WARPS];

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
                for (int j = 0; j < VEC; ++j) v[i][j] = -INFINITY;  // beyond the row: exp gives 0
            }
        }

        float top = -FLT_MAX;
#pragma unroll
        for (int i = 0; i < PACKS; ++i)
            for (int j = 0; j < VEC; ++j) top = fmaxf(top, v[i][j]);
        top = block_max(top, partial_max);

        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < PACKS; ++i)
            for (int j = 0; j < VEC; ++j) sum += v[i][j] = expf(v[i][j] - top);
        const float scale = 1.0f / block_sum(sum, partial_sum);

        // Every read of the row came before a barrier, every write comes after it: y may be x.
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int c = (i * THREADS + threadIdx.x) * VEC;
            for (int j = 0; j < VEC; ++j) v[i][j] *= scale;
            if (c < cols) store(to + c, v[i]);
        }
    }
}

// ---------------------------------------------------------------- longer rows

// Maximum `top` and sum of exp(x - top) of the elements seen so far.
// top starts finite: with -inf the first -inf element would give exp(-inf - -inf) = NaN.
struct Statistics {
    float top = -FLT_MAX;
    float sum = 0.0f;

    // One rescaling for N elements, instead of one for each.
    template <int N, int VEC>
    __device__ void add(const float (&v)[N][VEC]) {
        float higher = top;
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < VEC; ++j) higher = fmaxf(higher, v[i][j]);
        sum *= expf(top - higher);
        for (int i = 0; i < N; ++i)
            for (int j = 0; j < VEC; ++j) sum += expf(v[i][j] - higher);
        top = higher;
    }
};

template <int VEC, int THREADS, int PACKS>
__global__ void __launch_bounds__(THREADS) softmax_online(const float* x, float* y, int64_t rows, int64_t cols) {
    constexpr int TILE = THREADS * PACKS * VEC;  // elements the block takes in one step
    __shared__ float partial_max[MAX_WARPS], partial_sum[MAX_WARPS];

    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        const float* from = x + row * cols;
        float* to = y + row * cols;
        const int64_t tiles = (cols + TILE - 1) / TILE;
        float v[PACKS][VEC];  // PACKS independent loads in flight per thread

        Statistics mine;
        for (int64_t tile = 0; tile < tiles; ++tile) {
#pragma unroll
            for (int i = 0; i < PACKS; ++i) {
                const int64_t c = tile * TILE + (i * THREADS + threadIdx.x) * VEC;
                if (c < cols) {
                    load(v[i], from + c);
                } else {
                    for (int j = 0; j < VEC; ++j) v[i][j] = -INFINITY;
                }
            }
            mine.add(v);
        }
        const float top = block_max(mine.top, partial_max);
        const float scale = 1.0f / block_sum(mine.sum * expf(mine.top - top), partial_sum);

        for (int64_t tile = tiles - 1; tile >= 0; --tile) {
            // A thread writes only what it has read itself, after reading it: y may be x.
#pragma unroll
            for (int i = 0; i < PACKS; ++i) {
                const int64_t c = tile * TILE + (i * THREADS + threadIdx.x) * VEC;
                if (c < cols) load(v[i], from + c);
            }
#pragma unroll
            for (int i = 0; i < PACKS; ++i) {
                const int64_t c = tile * TILE + (i * THREADS + threadIdx.x) * VEC;
                for (int j = 0; j < VEC; ++j) v[i][j] = expf(v[i][j] - top) * scale;
                if (c < cols) store(to + c, v[i]);
            }
        }
    }
}

// ---------------------------------------------------------------- launch

template <int VEC>
static void launch(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>(rows < MAX_GRID ? rows : MAX_GRID);
    const int width = static_cast<int>(cols <= 32768 ? cols : 0);
    // The smallest block that holds the row in at most 16 registers a thread; 32 for the longest.
    if (cols <= 1024) {
        softmax_registers<VEC, 256, 4><<<grid, 256, 0, stream>>>(x, y, rows, width);
    } else if (cols <= 4096) {
        softmax_registers<VEC, 256, 16><<<grid, 256, 0, stream>>>(x, y, rows, width);
    } else if (cols <= 16384) {
        softmax_registers<VEC, 1024, 16><<<grid, 1024, 0, stream>>>(x, y, rows, width);
    } else if (cols <= 32768) {
        softmax_registers<VEC, 1024, 32><<<grid, 1024, 0, stream>>>(x, y, rows, width);
    } else {
        softmax_online<VEC, 1024, 4><<<grid, 1024, 0, stream>>>(x, y, rows, cols);
    }
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    if (rows <= 0 || cols <= 0) return cudaSuccess;  // an empty grid is an error
    const uintptr_t addresses = reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(y);
    // float4 needs every row to start at a multiple of 16 bytes.
    if (cols % 4 == 0 && addresses % sizeof(float4) == 0) {
        launch<4>(x, y, rows, cols, stream);
    } else {
        launch<1>(x, y, rows, cols, stream);
    }
    return cudaGetLastError();
}
