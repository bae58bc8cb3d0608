// 41 Attention: o = softmax(q · k^T / sqrt(D)) · v, head by head; with causal, token i sees only tokens 0 to i.
//
// q, k, v, o are (B, H, S, D) fp32, row-major; D is 32, 64 or 128. ws has room for B * H * S * S floats.
//
// Three kernels. p is (B * H, S, S) in ws:
//   scores    p = q · k^T / sqrt(D)    tiles of 128 x 128, 8 x 8 sums per thread
//   softmax   of each row of p         one warp per row
//   outputs   o = p · v                tiles of 128 x D, 8 x 8 sums per thread
//
// With causal, row i of p is good from 0 up to the end of its tile of 128 columns: the scores of later tiles are not
// computed, softmax puts zeros between i and the end of the tile, and the depth of the last product ends there.

#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr unsigned kAllLanes = 0xffffffffu;
constexpr int kWarp = 32;
constexpr int kTile = 128;                // rows of a tile, and columns of a tile of p
constexpr int kSide = 8;                  // a thread has kSide x kSide sums: 4 operations per float from shared memory
constexpr int kLanes = kTile / kSide;     // threads along one side of a tile of p
constexpr int kDepth = 32;                // of a step: divides every D
constexpr int kPitch = kDepth + 4;        // rows 4 banks apart: 8 rows side by side fill all 32 without conflict
constexpr int kScoreThreads = kLanes * kLanes;
constexpr int kSMThreads = 512;           // per SM: 128 registers a thread, half of them sums
constexpr int kRowWarps = 8;              // rows of softmax per block
constexpr int kUnroll = 8;                // loads in flight per thread of softmax

__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

// Columns of row i of p that are in use.
__device__ int row_end(int i, int S, int causal) { return causal ? min(S, (i / kTile + 1) * kTile) : S; }

// kTile rows of kDepth floats, from `rows` (D floats apart) to shared memory; rows from `count` on become zeros.
__device__ void fetch(float (*to)[kPitch], const float* rows, int count, int D) {
    constexpr int PACKS = kDepth / 4;  // of 16 bytes per row: 8 neighbouring threads read 128 neighbouring bytes
    for (int i = threadIdx.x; i < kTile * PACKS; i += blockDim.x) {
        const int row = i / PACKS, d = i % PACKS * 4;
        const float4 pack = row < count ? *reinterpret_cast<const float4*>(rows + int64_t(row) * D + d)
                                        : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        *reinterpret_cast<float4*>(&to[row][d]) = pack;
    }
}

// Block: head, tile of rows, tile of columns. Thread (x, y) has rows y + 16 r and columns x + 16 c of the tile.
__global__ void __launch_bounds__(kScoreThreads, kSMThreads / kScoreThreads)
    scores(const float* q, const float* k, float* p, int S, int D, float scale, int causal) {
    const int64_t head = blockIdx.x;
    const int i0 = blockIdx.y * kTile, j0 = blockIdx.z * kTile;
    if (causal && j0 > i0) return;  // the whole tile is above the diagonal
    __shared__ __align__(16) float qs[kTile][kPitch], ks[kTile][kPitch];
    const int x = threadIdx.x % kLanes, y = threadIdx.x / kLanes;
    q += (head * S + i0) * D;
    k += (head * S + j0) * D;

    float sum[kSide][kSide] = {};
    for (int d0 = 0; d0 < D; d0 += kDepth) {
        fetch(qs, q + d0, S - i0, D);
        fetch(ks, k + d0, S - j0, D);
        __syncthreads();  // everyone reads what everyone fetched
        for (int d = 0; d < kDepth; d += 4) {
            float4 a[kSide];
#pragma unroll
            for (int r = 0; r < kSide; ++r) a[r] = *reinterpret_cast<const float4*>(&qs[y + kLanes * r][d]);
#pragma unroll
            for (int c = 0; c < kSide; ++c) {
                const float4 b = *reinterpret_cast<const float4*>(&ks[x + kLanes * c][d]);
#pragma unroll
                for (int r = 0; r < kSide; ++r)
                    sum[r][c] += a[r].x * b.x + a[r].y * b.y + a[r].z * b.z + a[r].w * b.w;
            }
        }
        __syncthreads();  // nobody fetches the next step while someone still reads this one
    }

    p += head * S * S;
#pragma unroll
    for (int r = 0; r < kSide; ++r) {
        const int i = i0 + y + kLanes * r;
#pragma unroll
        for (int c = 0; c < kSide; ++c) {
            const int j = j0 + x + kLanes * c;
            if (i < S && j < S) p[int64_t(i) * S + j] = scale * sum[r][c];
        }
    }
}

__device__ float warp_max(float v) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) v = fmaxf(v, __shfl_xor_sync(kAllLanes, v, offset));
    return v;
}

__device__ float warp_sum(float v) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(kAllLanes, v, offset);
    return v;
}

// One warp per row, in place: maximum and sum in one pass (exercise 40), the quotients in a second one. The second
// pass finds the row in a cache: the warp has just read it.
__global__ void __launch_bounds__(kRowWarps * kWarp) softmax(float* p, int64_t rows, int S, int causal) {
    const int64_t row = int64_t(blockIdx.x) * kRowWarps + threadIdx.x / kWarp;
    if (row >= rows) return;  // a whole warp leaves, and there is no barrier
    const int lane = threadIdx.x % kWarp, i = int(row % S);
    const int length = causal ? i + 1 : S, end = row_end(i, S, causal);
    p += row * S;

    float top = -FLT_MAX, sum = 0.0f;  // finite: -inf - -inf would be NaN in a lane that has no element
    for (int first = lane; first < length; first += kUnroll * kWarp) {
        float v[kUnroll], higher = top;
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) {  // all loads before the first use
            const int j = first + u * kWarp;
            v[u] = j < length ? p[j] : -INFINITY;
        }
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) higher = fmaxf(higher, v[u]);
        sum *= expf(top - higher);
#pragma unroll
        for (int u = 0; u < kUnroll; ++u) sum += expf(v[u] - higher);
        top = higher;
    }
    const float row_top = warp_max(top);
    const float inverse = 1.0f / warp_sum(sum * expf(top - row_top));

#pragma unroll 4
    for (int j = lane; j < end; j += kWarp) p[j] = j < length ? expf(p[j] - row_top) * inverse : 0.0f;
}

// Block: head, tile of rows; the tile has all COLS = D columns, so p is read once.
// Thread (x, y) has rows y + 16 r and columns 4 x + 0…3 and COLS / 2 + 4 x + 0…3.
template <int COLS>
__global__ void __launch_bounds__(kLanes * COLS / kSide, kSMThreads / (kLanes * COLS / kSide))
    outputs(const float* p, const float* v, float* o, int S, int causal) {
    constexpr int THREADS = kLanes * COLS / kSide;
    __shared__ __align__(16) float ps[kTile][kPitch], vs[kDepth][COLS];
    const int64_t head = blockIdx.x;
    const int tile = gridDim.y - 1 - blockIdx.y;  // with causal the last tile has most work: it starts first
    const int i0 = tile * kTile, depth = row_end(i0, S, causal);
    const int x = threadIdx.x % (COLS / kSide), y = threadIdx.x / (COLS / kSide);
    p += (head * S + i0) * S;
    v += head * S * COLS;
    o += (head * S + i0) * COLS;

    float sum[kSide][kSide] = {};
    for (int j0 = 0; j0 < depth; j0 += kDepth) {
        // Single floats: S may be odd, and then a row of p starts anywhere. A warp reads 32 side by side all the same.
#pragma unroll 8
        for (int n = threadIdx.x; n < kTile * kDepth; n += THREADS) {
            const int i = n / kDepth, j = n % kDepth;
            ps[i][j] = i0 + i < S && j0 + j < depth ? p[int64_t(i) * S + j0 + j] : 0.0f;
        }
#pragma unroll 4
        for (int n = threadIdx.x; n < kDepth * COLS / 4; n += THREADS) {
            const int j = n / (COLS / 4), d = n % (COLS / 4) * 4;
            *reinterpret_cast<float4*>(&vs[j][d]) =
                j0 + j < depth ? *reinterpret_cast<const float4*>(v + int64_t(j0 + j) * COLS + d)
                               : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }
        __syncthreads();  // everyone reads what everyone fetched
#pragma unroll 1
        for (int j = 0; j < kDepth; j += 4) {
            float a[kSide][4];
#pragma unroll
            for (int r = 0; r < kSide; ++r) {
                const float4 pack = *reinterpret_cast<const float4*>(&ps[y + kLanes * r][j]);
                a[r][0] = pack.x, a[r][1] = pack.y, a[r][2] = pack.z, a[r][3] = pack.w;
            }
#pragma unroll
            for (int n = 0; n < 4; ++n) {
                const float4 left = *reinterpret_cast<const float4*>(&vs[j + n][4 * x]);
                const float4 right = *reinterpret_cast<const float4*>(&vs[j + n][COLS / 2 + 4 * x]);
                const float b[kSide] = {left.x, left.y, left.z, left.w, right.x, right.y, right.z, right.w};
#pragma unroll
                for (int r = 0; r < kSide; ++r)
#pragma unroll
                    for (int c = 0; c < kSide; ++c) sum[r][c] += a[r][n] * b[c];
            }
        }
        __syncthreads();  // nobody fetches the next step while someone still reads this one
    }

#pragma unroll
    for (int r = 0; r < kSide; ++r) {
        const int i = y + kLanes * r;
        if (i0 + i >= S) continue;
        float* to = o + i * COLS + 4 * x;
        *reinterpret_cast<float4*>(to) = make_float4(sum[r][0], sum[r][1], sum[r][2], sum[r][3]);
        *reinterpret_cast<float4*>(to + COLS / 2) = make_float4(sum[r][4], sum[r][5], sum[r][6], sum[r][7]);
    }
}

extern "C" cudaError_t launch_attention_naive(const float* q, const float* k, const float* v, float* o, int B, int H,
                                              int S, int D, int causal, void* ws, size_t ws_bytes,
                                              cudaStream_t stream) {
    const int64_t heads = int64_t(B) * H, rows = heads * S;
    if (ws_bytes < sizeof(float) * rows * S) return cudaErrorInvalidValue;
    float* p = static_cast<float*>(ws);
    const int tiles = ceil_div(S, kTile);

    const dim3 score_grid(unsigned(heads), tiles, tiles);
    scores<<<score_grid, kScoreThreads, 0, stream>>>(q, k, p, S, D, 1.0f / sqrtf(float(D)), causal);
    const unsigned row_blocks = unsigned((rows + kRowWarps - 1) / kRowWarps);
    softmax<<<row_blocks, kRowWarps * kWarp, 0, stream>>>(p, rows, S, causal);
    const dim3 output_grid(unsigned(heads), tiles);
    const auto multiply = [&](auto kernel) {
        kernel<<<output_grid, kLanes * D / kSide, 0, stream>>>(p, v, o, S, causal);
    };
    switch (D) {  // the sums are in registers, so their number has to be known at compile time
        case 32: multiply(outputs<32>); break;
        case 64: multiply(outputs<64>); break;
        case 128: multiply(outputs<128>); break;
        default: return cudaErrorInvalidValue;
    }
    return cudaGetLastError();
}
