// expect: PASS
// expect(cuda): PASS | SLOW
// why: every block takes as many nonzeros as any other; all its threads meet at two barriers a tile

// 19 Sparse matrix times vector: y[r] = the sum of vals[i] * x[col_idx[i]] for i = row_ptr[r] ... row_ptr[r + 1] - 1.
//
// row_ptr holds rows + 1 numbers, col_idx and vals nnz = row_ptr[rows] of them, 16-byte aligned; y gets rows floats.
//
// Work is divided by nonzeros, not by rows: every block takes the same number of neighbouring nonzeros, wherever rows
// begin. It goes through them in tiles:
//   1. the products vals[i] * x[col_idx[i]] of the tile go to shared memory, all threads alike;
//   2. the rows in the tile are added up, several lanes to a row.
// A row that crosses the edge of a tile is added to y piece by piece, so y is cleared first.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 256;
constexpr int BLOCKS_PER_SM = 5;  // 48 registers a thread; 45 KB of shared memory an SM: the rest of it is L1, for x
constexpr int PACKS = 2;          // int4 and float4 loads in flight per thread: 80 KB under way per SM
constexpr int TILE = THREADS * PACKS * 4;  // 2,048 nonzeros
constexpr int ROUNDS = 8;         // over a tile's rows: as many lanes to a row as this allows

// ---------------------------------------------------------------- rows

struct Rows {
    const int32_t* row_ptr;
    int count;

    // Where row r ends. One behind the last row would be empty: it ends where that one ends.
    __device__ int end(int r) const { return row_ptr[(r < count ? r : count - 1) + 1]; }

    // The row that nonzero i is in: the first one that ends behind it. By the whole block: 256 probes at once divide
    // what is left by 256, so a million rows take three round trips to memory instead of twenty.
    __device__ int holding(int i) const {
        int low = 0, left = count, step;
        do {
            step = (left + THREADS - 1) / THREADS;
            const int last = low + (threadIdx.x + 1) * step - 1;  // of the step rows that this thread stands for
            const int passed = __syncthreads_count(last < low + left && end(last) <= i);
            left = min(step, left - passed * step);
            low += passed * step;
        } while (step > 1);
        return low;
    }
};

// ---------------------------------------------------------------- products

__device__ float4 multiply(float4 a, int4 column, const float* x) {
    return make_float4(a.x * x[column.x], a.y * x[column.y], a.z * x[column.z], a.w * x[column.w]);
}

// products[k] = that of nonzero first + k, for k = 0 … count - 1. first is a multiple of 4; count too, except at the end.
__device__ void fill(float* products, const int32_t* col_idx, const float* vals, const float* x, int first, int count) {
    const int4* columns = reinterpret_cast<const int4*>(col_idx + first);
    const float4* values = reinterpret_cast<const float4*>(vals + first);
    int4 column[PACKS];
    float4 value[PACKS];
#pragma unroll
    for (int i = 0; i < PACKS; ++i) {  // all loads under way before the first gather
        const int pack = threadIdx.x + i * THREADS;
        if (pack < count / 4) {
            column[i] = __ldcs(columns + pack);  // __ldcs: read once; L1 and L2 are for x
            value[i] = __ldcs(values + pack);
        }
    }
#pragma unroll
    for (int i = 0; i < PACKS; ++i) {
        const int pack = threadIdx.x + i * THREADS;
        if (pack < count / 4) reinterpret_cast<float4*>(products)[pack] = multiply(value[i], column[i], x);
    }
    const int k = count / 4 * 4 + threadIdx.x;
    if (k < count) products[k] = vals[first + k] * x[col_idx[first + k]];
}

// ---------------------------------------------------------------- sums

// Piece t of `pieces` rows is products[ends[t - 1] … ends[t] - 1] and belongs to y[t]; the first piece begins at
// `begin`. Only the first and the last piece can be parts of rows that others work on too.
__device__ void add_rows(const float* products, const int* ends, int begin, int pieces, float* y) {
    int width = WARP;  // lanes to a row
    while (pieces * width > ROUNDS * THREADS) width /= 2;  // pieces <= THREADS: at least ROUNDS of them
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;

    // The loop is entered by whole warps, for the shuffles name all lanes.
    for (int first = warp * (WARP / width); first < pieces; first += THREADS / width) {
        const int t = first + lane / width;
        const int from = t == 0 ? begin : ends[t - 1], to = t < pieces ? ends[t] : from;
        float sum = 0.0f;
        for (int k = from + lane % width; k < to; k += width) sum += products[k];
        for (int offset = width / 2; offset > 0; offset /= 2) sum += __shfl_xor_sync(ALL_LANES, sum, offset);
        if (lane % width == 0 && from < to) {
            if (t == 0 || t == pieces - 1)
                atomicAdd(y + t, sum);
            else
                y[t] = sum;
        }
    }
}

__global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)
    spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x, float* y, int rows) {
    __shared__ float4 tile_products[TILE / 4];  // float4: aligned for 16-byte stores
    __shared__ int ends[THREADS];
    float* products = reinterpret_cast<float*>(tile_products);
    const Rows all{row_ptr, rows};

    // This block's nonzeros. A multiple of 4 for the 16-byte loads; at least a tile, or searching would be all it does.
    const int nnz = row_ptr[rows];
    const int share = max(TILE, (nnz / static_cast<int>(gridDim.x) + 4) / 4 * 4);
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * share;
    if (begin >= nnz) return;  // the whole block
    const int stop = static_cast<int>(min(begin + share, static_cast<int64_t>(nnz)));

    int row = all.holding(static_cast<int>(begin));
    for (int first = static_cast<int>(begin); first < stop; first += TILE) {
        const int count = min(TILE, stop - first);
        int my_end = all.end(row + threadIdx.x);  // asked for early: it arrives while the products are made
        fill(products, col_idx, vals, x, first, count);

        // The tile's rows, up to THREADS at a time; `row` is the first, and `from` is where it begins in the tile.
        for (int from = 0;;) {
            const int end = my_end - first;
            ends[threadIdx.x] = min(end, count);
            // Rows that end in the tile. The barrier also stands between writing and reading products and ends.
            const int ended = __syncthreads_count(row + static_cast<int>(threadIdx.x) < rows && end <= count);
            const int pieces = min(ended + 1, THREADS);  // and the beginning of one that goes on behind it
            add_rows(products, ends, from, pieces, y + row);
            from = ends[THREADS - 1];
            row += ended;
            __syncthreads();  // products and ends have been read; they may be written again
            if (ended < THREADS) break;
            my_end = all.end(row + threadIdx.x);
        }
    }
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals, const float* x,
                                       float* y, int rows, cudaStream_t stream) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    if (cudaError_t error = cudaMemsetAsync(y, 0, rows * sizeof(float), stream)) return error;
    // The host does not know nnz: as many blocks as are resident at once, and each finds its own share.
    spmv_csr<<<sms * BLOCKS_PER_SM, THREADS, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
