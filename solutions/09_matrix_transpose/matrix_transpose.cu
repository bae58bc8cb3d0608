// 09 Matrix transpose: out[c, r] = in[r, c], at the speed of a memory copy.
//
// in is (rows, cols) fp32, row-major; out is (cols, rows); both start at a 16-byte boundary and do not overlap.
//
// Two kernels, one block per tile in both. A tile is read along the rows of `in` and written along the rows of `out`;
// it turns over in shared memory, laid out so that neither direction meets a bank conflict:
//   transpose_packs    rows and cols are divisible by 4: 64 x 64 tiles of float4, an XOR swizzle
//   transpose_scalars  any other size: 32 x 32 tiles of float, rows of 33

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kThreads = 256;  // small enough that a barrier stops few warps
constexpr int kBlocks = 8;     // of them fill the 2,048 thread slots of an SM: at most 32 registers a thread

// Where a tile begins. One-dimensional grids: gridDim.y ends at 65,535, the tiles in a column of a tall matrix do not.
struct Corner {
    int64_t row, col;
};

__device__ Corner corner(int64_t cols, int side) {
    const unsigned across = static_cast<unsigned>((cols + side - 1) / side);  // a 64-bit division is many times slower
    return {static_cast<int64_t>(blockIdx.x / across) * side, static_cast<int64_t>(blockIdx.x % across) * side};
}

// ---------------------------------------------------------------- any size: 4 bytes a thread

constexpr int kSide = 32;                // a row of the tile is one warp's 128 bytes, in `in` as in `out`
constexpr int kStep = kThreads / kSide;  // rows that the block moves at once

__global__ void __launch_bounds__(kThreads, kBlocks)
    transpose_scalars(const float* in, float* out, int64_t rows, int64_t cols) {
    // 33, not 32: the elements of a column are then 33 banks apart, which is 1 modulo 32, so each has its own bank.
    __shared__ float tile[kSide][kSide + 1];
    const Corner from = corner(cols, kSide);
    const int lane = threadIdx.x % kSide, first = threadIdx.x / kSide;

#pragma unroll
    for (int i = 0; i < kSide / kStep; ++i) {
        const int k = first + i * kStep;
        if (from.row + k < rows && from.col + lane < cols)
            tile[k][lane] = in[(from.row + k) * cols + from.col + lane];
    }

    __syncthreads();  // a thread writes what others have read

    // The tile's corner is swapped, and so are the guards: out has cols rows.
#pragma unroll
    for (int i = 0; i < kSide / kStep; ++i) {
        const int k = first + i * kStep;
        if (from.col + k < cols && from.row + lane < rows)
            out[(from.col + k) * rows + from.row + lane] = tile[lane][k];
    }
}

// ---------------------------------------------------------------- rows and cols divisible by 4: 16 bytes a thread

constexpr int kPack = 4;               // floats in a float4
constexpr int kWide = 64;              // side of the tile: 16 KB of shared memory, and an SM has room for 8 of them
constexpr int kPacks = kWide / kPack;  // packs in a row of the tile: 256 bytes of `in`, 256 of `out`

// tile[row][pack], transposed already: row is a column of `in`. Shared memory serves 16-byte accesses eight threads
// at a time, and those eight must meet eight different places modulo 8. The XOR sees to both directions:
//   writes: eight neighbouring threads hold rows 4 apart, the same pack  -> row / 4 differs, and with it the place
//   reads:  eight neighbouring threads want the same row, pack after pack -> the pack differs
__device__ int place(int row, int pack) { return row * kPacks + (pack ^ (row / kPack % kPacks)); }

__global__ void __launch_bounds__(kThreads, kBlocks)
    transpose_packs(const float* in, float* out, int64_t rows, int64_t cols) {
    __shared__ float4 tile[kWide * kPacks];
    const Corner from = corner(cols, kWide);

    // Each thread owns a square of 4 x 4 elements: one pack from each of four rows.
    const int across = threadIdx.x % kPacks, down = threadIdx.x / kPacks;
    const int64_t row = from.row + down * kPack, col = from.col + across * kPack;
    if (row < rows && col < cols) {  // divisible by 4: a square is inside as a whole, or outside
        const float* square = in + row * cols + col;
        float4 v[kPack];
#pragma unroll
        for (int k = 0; k < kPack; ++k) v[k] = *reinterpret_cast<const float4*>(square + k * cols);  // four in flight

        // Transposed by renaming: no instruction moves anything between the four registers of a pack.
        tile[place(across * kPack + 0, down)] = make_float4(v[0].x, v[1].x, v[2].x, v[3].x);
        tile[place(across * kPack + 1, down)] = make_float4(v[0].y, v[1].y, v[2].y, v[3].y);
        tile[place(across * kPack + 2, down)] = make_float4(v[0].z, v[1].z, v[2].z, v[3].z);
        tile[place(across * kPack + 3, down)] = make_float4(v[0].w, v[1].w, v[2].w, v[3].w);
    }

    __syncthreads();  // a thread writes what others have read

#pragma unroll
    for (int k = 0; k < kPack; ++k) {
        const int line = down + k * (kThreads / kPacks);  // of the transposed tile: 16 threads write one, 256 bytes
        const int64_t to_row = from.col + line, to_col = from.row + across * kPack;
        if (to_row < cols && to_col < rows)
            *reinterpret_cast<float4*>(out + to_row * rows + to_col) = tile[place(line, across)];
    }
}

// ---------------------------------------------------------------- launch

static unsigned tiles(int64_t rows, int64_t cols, int64_t side) {
    return static_cast<unsigned>((rows + side - 1) / side * ((cols + side - 1) / side));
}

extern "C" cudaError_t launch_matrix_transpose(const float* in, float* out, int64_t rows, int64_t cols,
                                               cudaStream_t stream) {
    // Then every row of either matrix starts at a 16-byte boundary.
    if (rows % kPack == 0 && cols % kPack == 0)
        transpose_packs<<<tiles(rows, cols, kWide), kThreads, 0, stream>>>(in, out, rows, cols);
    else
        transpose_scalars<<<tiles(rows, cols, kSide), kThreads, 0, stream>>>(in, out, rows, cols);
    return cudaGetLastError();
}
