// 19 Sparse matrix times vector: y[r] = the sum of vals[i] * x[col_idx[i]] for i = row_ptr[r] ... row_ptr[r + 1] - 1.
//
// row_ptr holds rows + 1 numbers, col_idx and vals nnz = row_ptr[rows] of them, 16-byte aligned; y gets rows floats.
//
// Work is divided by nonzeros, not by rows: every warp takes the same number of neighbouring nonzeros, wherever rows
// begin. It goes through them in chunks:
//   1. the products vals[i] * x[col_idx[i]] of the chunk go to shared memory, all lanes alike;
//   2. the next chunk's loads are sent on their way;
//   3. the rows in the chunk are added up, several lanes to a row.
// A row that crosses the edge of a chunk is added to y piece by piece, so y is cleared first. Warps have nothing to do
// with each other: there is no barrier of the block, and while one adds, others load.

#include <cuda_runtime.h>
#include <cstdint>

constexpr unsigned ALL_LANES = 0xffffffffu;
constexpr int WARP = 32;
constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;
constexpr int BLOCKS_PER_SM = 4;  // 64 registers a thread; 64 KB of shared memory an SM: the rest of it is L1, for x
constexpr int PACKS = 4;          // int4 and float4 loads in flight per lane: 128 KB under way per SM
constexpr int CHUNK = WARP * PACKS * 4;  // 512 nonzeros
constexpr int ROUNDS = 4;         // over a chunk's rows: as many lanes to a row as this allows

// ---------------------------------------------------------------- rows

struct Rows {
    const int32_t* row_ptr;
    int count;

    // Where row r ends. One behind the last row would be empty: it ends where that one ends.
    __device__ int end(int r) const { return row_ptr[(r < count ? r : count - 1) + 1]; }

    // The row that nonzero i is in: the first one that ends behind it. By the whole warp: 32 probes at once divide what
    // is left by 32, so a million rows take four round trips to memory instead of twenty.
    __device__ int holding(int i, int lane) const {
        int low = 0, left = count, step;
        do {
            step = (left + WARP - 1) / WARP;
            const int last = low + (lane + 1) * step - 1;  // of the step rows that this lane stands for
            const int passed = __popc(__ballot_sync(ALL_LANES, last < low + left && end(last) <= i));
            left = min(step, left - passed * step);
            low += passed * step;
        } while (step > 1);
        return low;
    }
};

// ---------------------------------------------------------------- products

struct Packs {
    int4 column[PACKS];
    float4 value[PACKS];

    // The nonzeros first ... first + count - 1; first is a multiple of 4. All loads under way, none waited for.
    __device__ void load(const int32_t* col_idx, const float* vals, int first, int count, int lane) {
        const int4* columns = reinterpret_cast<const int4*>(col_idx + first);
        const float4* values = reinterpret_cast<const float4*>(vals + first);
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int pack = lane + i * WARP;
            if (pack < count / 4) {
                column[i] = __ldcs(columns + pack);  // __ldcs: read once; L1 and L2 are for x
                value[i] = __ldcs(values + pack);
            }
        }
    }

    __device__ void multiply(float* products, const float* x, int count, int lane) const {
#pragma unroll
        for (int i = 0; i < PACKS; ++i) {
            const int pack = lane + i * WARP;
            if (pack < count / 4)
                reinterpret_cast<float4*>(products)[pack] =
                    make_float4(value[i].x * x[column[i].x], value[i].y * x[column[i].y],
                                value[i].z * x[column[i].z], value[i].w * x[column[i].w]);
        }
    }
};

// ---------------------------------------------------------------- sums

// Piece t of `pieces`, 32 at most, belongs to y[t]. Lane t knows where it ends among the products; the first one starts
// at `begin`, each other one where that before it ends. Only the first and the last piece can be parts of rows that
// others work on too.
__device__ void add_rows(const float* products, int my_end, int begin, int pieces, float* y, int lane) {
    int width = WARP;  // lanes to a row
    while (pieces * width > ROUNDS * WARP) width /= 2;
    for (int first = 0; first < pieces; first += WARP / width) {
        const int t = first + lane / width;
        const int before = __shfl_sync(ALL_LANES, my_end, t - 1), end = __shfl_sync(ALL_LANES, my_end, t);
        const int from = t == 0 ? begin : before, to = t < pieces ? end : from;
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
    __shared__ float4 all_products[WARPS][CHUNK / 4];  // float4: aligned for 16-byte stores
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    float* products = reinterpret_cast<float*>(all_products[warp]);
    const Rows all{row_ptr, rows};

    // This warp's nonzeros. A multiple of 4 for the 16-byte loads; at least a chunk, or searching would be all it does.
    const int nnz = row_ptr[rows];
    const int share = max(CHUNK, (nnz / static_cast<int>(gridDim.x * WARPS) + 4) / 4 * 4);
    const int64_t begin = static_cast<int64_t>(blockIdx.x * WARPS + warp) * share;
    if (begin >= nnz) return;  // the whole warp
    const int stop = static_cast<int>(min(begin + share, static_cast<int64_t>(nnz)));

    int first = static_cast<int>(begin);
    Packs packs;
    packs.load(col_idx, vals, first, min(CHUNK, stop - first), lane);  // they arrive during the search
    int row = all.holding(first, lane);

    for (; first < stop; first += CHUNK) {
        const int count = min(CHUNK, stop - first);
        int my_end = all.end(row + lane);  // asked for early: it arrives while the products are made
        packs.multiply(products, x, count, lane);
        const int k = count / 4 * 4 + lane;
        if (k < count) products[k] = vals[first + k] * x[col_idx[first + k]];  // the last three of all, at most
        if (first + CHUNK < stop) packs.load(col_idx, vals, first + CHUNK, min(CHUNK, stop - first - CHUNK), lane);
        __syncwarp();  // the products are there before other lanes add them

        // The chunk's rows, up to 32 at a time; `row` is the first, and `from` is where it begins in the chunk.
        for (int from = 0;;) {
            const int end = my_end - first;
            // Those that end in the chunk, and the beginning of one that goes on behind it.
            const int ended = __popc(__ballot_sync(ALL_LANES, row + lane < rows && end <= count));
            add_rows(products, min(end, count), from, min(ended + 1, WARP), y + row, lane);
            row += ended;
            if (ended < WARP) break;
            from = __shfl_sync(ALL_LANES, end, WARP - 1);
            my_end = all.end(row + lane);
        }
        __syncwarp();  // the products have been read; they may be written again
    }
}

extern "C" cudaError_t launch_spmv_csr(const int32_t* row_ptr, const int32_t* col_idx, const float* vals,
                                       const float* x, float* y, int rows, cudaStream_t stream) {
    int device = 0, sms = 0;
    if (cudaError_t error = cudaGetDevice(&device)) return error;
    if (cudaError_t error = cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device)) return error;
    if (cudaError_t error = cudaMemsetAsync(y, 0, rows * sizeof(float), stream)) return error;
    // The host does not know nnz: as many blocks as are resident at once, and each warp finds its own share.
    spmv_csr<<<sms * BLOCKS_PER_SM, THREADS, 0, stream>>>(row_ptr, col_idx, vals, x, y, rows);
    return cudaGetLastError();
}
