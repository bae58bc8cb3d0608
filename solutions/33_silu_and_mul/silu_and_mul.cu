// 33 SwiGLU activation: out[t, c] = silu(x[t, c]) * x[t, d + c], for each token t and 0 <= c < d.
//
// x is (tokens, 2d) bf16: gate and up, half a row each. out is (tokens, d) bf16.
//
// A row is cut into equal tiles, one block each, and a thread moves 16 bytes of gate, of up and of out.

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>
#include <type_traits>

constexpr int WARP = 32;
constexpr int MAX_THREADS = 256;       // at most; small blocks let an SM start the next one early
constexpr int64_t MAX_GRID = 1 << 30;  // the grid's x limit is 2^31 - 1; more tiles are walked in a loop

// ---------------------------------------------------------------- VEC bf16, moved by one instruction: VEC is 8 or 1

template <int VEC>
using Raw = std::conditional_t<VEC == 8, uint4, unsigned short>;

// a / inf is 0, as it should be for a < -88. The fast versions of exp and division are good to far more than the 8 bits
// of bf16; the exact ones take so many instructions that they, not memory, would be the limit.
__device__ float silu(float a) { return __fdividef(a, 1.0f + __expf(-a)); }

__device__ unsigned short combine(unsigned short gate, unsigned short up) {
    const float a = __bfloat162float(__ushort_as_bfloat16(gate)), b = __bfloat162float(__ushort_as_bfloat16(up));
    return __bfloat16_as_ushort(__float2bfloat16_rn(silu(a) * b));
}

__device__ unsigned combine_pair(unsigned gate, unsigned up) {
    const float2 a = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&gate));
    const float2 b = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&up));
    const __nv_bfloat162 both = __floats2bfloat162_rn(silu(a.x) * b.x, silu(a.y) * b.y);  // two in one instruction
    return *reinterpret_cast<const unsigned*>(&both);
}

__device__ uint4 combine(const uint4& gate, const uint4& up) {
    return make_uint4(combine_pair(gate.x, up.x), combine_pair(gate.y, up.y), combine_pair(gate.z, up.z),
                      combine_pair(gate.w, up.w));
}

// ---------------------------------------------------------------- tiles

// A row is `tiles` tiles of blockDim.x packs. The division is one per block, and all its threads agree.
template <int VEC>
__global__ void __launch_bounds__(MAX_THREADS) silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens,
                                                            int d, int tiles) {
    const int packs = d / VEC;
    for (int64_t tile = blockIdx.x; tile < tokens * tiles; tile += gridDim.x) {
        const int64_t token = tile / tiles;
        const int p = static_cast<int>(tile - token * tiles) * static_cast<int>(blockDim.x) + threadIdx.x;
        const Raw<VEC>* gate = reinterpret_cast<const Raw<VEC>*>(x + token * 2 * d);
        const Raw<VEC>* up = reinterpret_cast<const Raw<VEC>*>(x + token * 2 * d + d);
        Raw<VEC>* to = reinterpret_cast<Raw<VEC>*>(out + token * d);
        // No cache hints: what is written may stay in L2, where the next kernel looks for it.
        if (p < packs) to[p] = combine(gate[p], up[p]);
    }
}

// ---------------------------------------------------------------- launch

// As few tiles as 256 threads allow, then as few threads as these tiles allow: no block gets a row's short end.
template <int VEC>
static void launch(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d, cudaStream_t stream) {
    const int packs = d / VEC;
    const int tiles = (packs - 1) / MAX_THREADS + 1;
    const int each = (packs - 1) / tiles + 1;
    const int threads = (each + WARP - 1) / WARP * WARP;
    const int64_t blocks = tokens * tiles;
    const unsigned grid = static_cast<unsigned>(blocks < MAX_GRID ? blocks : MAX_GRID);
    silu_and_mul<VEC><<<grid, threads, 0, stream>>>(out, x, tokens, d, tiles);
}

extern "C" cudaError_t launch_silu_and_mul(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t tokens, int d,
                                           cudaStream_t stream) {
    if (tokens <= 0 || d <= 0) return cudaSuccess;  // an empty grid is an error
    // A 16-byte access needs its address to be a multiple of 16. The arrays start at one, and so does every half of
    // every row if d is a multiple of 8.
    if (d % 8 == 0) {
        launch<8>(out, x, tokens, d, stream);
    } else {
        launch<1>(out, x, tokens, d, stream);
    }
    return cudaGetLastError();
}
