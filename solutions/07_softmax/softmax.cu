// 07 Row softmax: y[r, c] = exp(x[r, c]) / sum over the row of exp(x[r, :]).
//
// x, y are (rows, cols) fp32 matrices in device memory, row-major; y may be the same memory as x.
//
// Two kernels, one block per row in both:
//   softmax_registers  rows of up to 32,768: the row is read once and stays in registers (8 bytes moved per element)
//   softmax_long       longer rows: maximum and sum in one pass ("online"), the quotients in a second one. What fits
//                      of the row stays on the chip meanwhile: on Hopper 224 KB in shared memory, 128 KB in registers.
//                      Only the rest is read again, and little as it is, it should still be in the L2 cache.

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

// __ldcs: x is not read again, so it should leave the L2 cache to what is.
__device__ void load_once(float (&v)[1], const float* from) { v[0] = __ldcs(from); }

__device__ void load_once(float (&v)[4], const float* from) {
    const float4 t = __ldcs(reinterpret_cast<const float4*>(from));
    v[0] = t.x, v[1] = t.y, v[2] = t.z, v[3] = t.w;
}

// __stcs: y is not read again, so it should leave the L2 cache to x.
__device__ void store(float* to, const float (&v)[1]) { __stcs(to, v[0]); }

__device__ void store(float* to, const float (&v)[4]) {
    __stcs(reinterpret_cast<float4*>(to), make_float4(v[0], v[1], v[2], v[3]));
}

// To shared memory.
__device__ void keep(float* to, const float (&v)[1]) { *to = v[0]; }

__device__ void keep(float* to, const float (&v)[4]) {
    *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
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

// Pack p of a row, if it is one of the `packs` and has not ended yet; else -inf, for which exp gives 0.
template <bool ONCE, int VEC>
__device__ void fetch(float (&v)[VEC], const float* from, int p, int packs, int64_t step, int64_t left) {
    if (p < packs && p * step < left) {
        if (ONCE)
            load_once(v, from + p * step);
        else
            load(v, from + p * step);
    } else {
        for (int j = 0; j < VEC; ++j) v[j] = -INFINITY;
    }
}

template <int VEC>
__device__ void finish(float* to, float (&v)[VEC], int p, int64_t step, int64_t left, float top, float scale) {
    for (int j = 0; j < VEC; ++j) v[j] = expf(v[j] - top) * scale;
    if (p * step < left) store(to + p * step, v);
}

// A thread's share of a row is every THREADS-th pack of VEC elements, from pack threadIdx.x on. Of these
//   the first `stored`   go to shared memory
//   the middle ones      are read twice
//   the last HELD        stay in registers
// No other thread touches them, neither in shared memory nor in x and y: no barrier is needed for them, and y may be x.
template <int VEC, int THREADS, int HELD>
__global__ void __launch_bounds__(THREADS)
    softmax_long(const float* x, float* y, int64_t rows, int64_t cols, int stored) {
    extern __shared__ float4 shared[];  // float4: aligned for 16-byte accesses
    __shared__ float partial_max[MAX_WARPS], partial_sum[MAX_WARPS];
    constexpr int PACKS = 4;  // loads in flight per thread
    constexpr int64_t STEP = THREADS * VEC;
    float* chip = reinterpret_cast<float*>(shared) + threadIdx.x * VEC;

    const int packs = static_cast<int>((cols + STEP - 1) / STEP);
    const int held_from = max(packs - HELD, stored);  // = stored, if nothing of the row is read twice
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        const float* from = x + row * cols + threadIdx.x * VEC;
        float* to = y + row * cols + threadIdx.x * VEC;
        const int64_t left = cols - threadIdx.x * VEC;  // pack p is in the row if p * STEP < left

        Statistics mine;
        for (int first = 0; first < stored; first += PACKS) {
            float v[PACKS][VEC];
#pragma unroll
            for (int i = 0; i < PACKS; ++i) fetch<true>(v[i], from, first + i, stored, STEP, left);
#pragma unroll
            for (int i = 0; i < PACKS; ++i)
                if (first + i < stored) keep(chip + (first + i) * STEP, v[i]);
            mine.add(v);
        }
        for (int first = stored; first < held_from; first += PACKS) {
            float v[PACKS][VEC];
#pragma unroll
            for (int i = 0; i < PACKS; ++i) fetch<false>(v[i], from, first + i, held_from, STEP, left);
            mine.add(v);
        }
        float held[HELD][VEC];
#pragma unroll
        for (int i = 0; i < HELD; ++i) fetch<true>(held[i], from, held_from + i, packs, STEP, left);
        mine.add(held);
        const float top = block_max(mine.top, partial_max);
        const float scale = 1.0f / block_sum(mine.sum * expf(mine.top - top), partial_sum);

#pragma unroll
        for (int i = 0; i < HELD; ++i)  // first, so that their registers are free for loads
            finish(to, held[i], held_from + i, STEP, left, top, scale);
        for (int end = held_from; end > stored; end -= PACKS) {  // backwards: L2 is surest to hold what was read last
            float v[PACKS][VEC];
#pragma unroll
            for (int i = 0; i < PACKS; ++i) fetch<false>(v[i], from, max(end - 1 - i, stored), packs, STEP, left);
#pragma unroll
            for (int i = 0; i < PACKS; ++i)
                if (end - 1 - i >= stored) finish(to, v[i], end - 1 - i, STEP, left, top, scale);
        }
        for (int p = 0; p < stored; ++p) {
            float v[VEC];
            load(v, chip + p * STEP);
            finish(to, v, p, STEP, left, top, scale);
        }
    }
}

// ---------------------------------------------------------------- launch

constexpr int REGISTERS_COLS = 32768;  // the longest row for the registers of a block: 1,024 threads, 32 elements each

template <int VEC>
static cudaError_t launch_long(const float* x, float* y, unsigned grid, int64_t rows, int64_t cols,
                               cudaStream_t stream) {
    constexpr int THREADS = 1024, HELD = REGISTERS_COLS / THREADS / VEC;  // packs of a thread that stay in registers
    constexpr int PACK_BYTES = THREADS * VEC * sizeof(float);             // one pack of each thread
    constexpr int RESERVED = 2 * MAX_WARPS * sizeof(float);               // the reductions' own shared memory
    auto* kernel = softmax_long<VEC, THREADS, HELD>;
    int device = 0, room = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&room, cudaDevAttrMaxSharedMemoryPerBlockOptin, device))
        return error;
    // Packs of a thread that are not in registers. At least 1, or the row would have gone to softmax_registers.
    const int64_t rest = (cols + THREADS * VEC - 1) / (THREADS * VEC) - HELD;
    const int most = (room - RESERVED) / PACK_BYTES, stored = static_cast<int>(rest < most ? rest : most);
    const int bytes = stored * PACK_BYTES;  // more than 48 KB has to be asked for
    if (cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes))
        return error;
    kernel<<<grid, THREADS, bytes, stream>>>(x, y, rows, cols, stored);
    return cudaSuccess;
}

template <int VEC>
static cudaError_t launch(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>(rows < MAX_GRID ? rows : MAX_GRID);
    const int width = static_cast<int>(cols <= REGISTERS_COLS ? cols : 0);
    // The smallest block that holds the row in at most 16 registers a thread; 32 for the longest.
    if (cols <= 1024) {
        softmax_registers<VEC, 256, 4><<<grid, 256, 0, stream>>>(x, y, rows, width);
    } else if (cols <= 4096) {
        softmax_registers<VEC, 256, 16><<<grid, 256, 0, stream>>>(x, y, rows, width);
    } else if (cols <= 16384) {
        softmax_registers<VEC, 1024, 16><<<grid, 1024, 0, stream>>>(x, y, rows, width);
    } else if (cols <= REGISTERS_COLS) {
        softmax_registers<VEC, 1024, 32><<<grid, 1024, 0, stream>>>(x, y, rows, width);
    } else {
        return launch_long<VEC>(x, y, grid, rows, cols, stream);
    }
    return cudaSuccess;
}

extern "C" cudaError_t launch_softmax(const float* x, float* y, int64_t rows, int64_t cols, cudaStream_t stream) {
    if (rows <= 0 || cols <= 0) return cudaSuccess;  // an empty grid is an error
    const uintptr_t addresses = reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(y);
    // float4 needs every row to start at a multiple of 16 bytes.
    if (cols % 4 == 0 && addresses % sizeof(float4) == 0) {
        if (cudaError_t error = launch<4>(x, y, rows, cols, stream)) return error;
    } else {
        if (cudaError_t error = launch<1>(x, y, rows, cols, stream)) return error;
    }
    return cudaGetLastError();
}
