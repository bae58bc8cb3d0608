// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per token, 16-byte packs where hidden and the stride allow them, and the row is read twice
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

// The block's sum, for every thread.
__device__ float block_sum(float v) {
    __shared__ float shared[BLOCK];
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    return shared[0];
}

// N bf16 that one instruction moves.
template <int N>
struct alignas(2 * N) Pack {
    __nv_bfloat16 v[N];
};

template <int N>
__global__ void rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride, const __nv_bfloat16* w,
                         float eps, int hidden) {
    const Pack<N>* row = reinterpret_cast<const Pack<N>*>(x + blockIdx.x * x_stride);
    const Pack<N>* weights = reinterpret_cast<const Pack<N>*>(w);
    Pack<N>* to = reinterpret_cast<Pack<N>*>(out + blockIdx.x * int64_t{hidden});
    float squares = 0.0f;
    for (int p = threadIdx.x; p < hidden / N; p += BLOCK) {
        const Pack<N> pack = row[p];
        for (int i = 0; i < N; ++i) squares += __bfloat162float(pack.v[i]) * __bfloat162float(pack.v[i]);
    }
    const float inv = rsqrtf(block_sum(squares) / hidden + eps);
    for (int p = threadIdx.x; p < hidden / N; p += BLOCK) {
        Pack<N> pack = row[p];
        const Pack<N> weight = weights[p];
        for (int i = 0; i < N; ++i)
            pack.v[i] = __float2bfloat16(__bfloat162float(pack.v[i]) * inv * __bfloat162float(weight.v[i]));
        to[p] = pack;
    }
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    const unsigned grid = static_cast<unsigned>(tokens);
    if (hidden % 8 == 0 && x_stride % 8 == 0)
        rms_norm<8><<<grid, BLOCK, 0, stream>>>(out, x, x_stride, w, eps, hidden);
    else
        rms_norm<1><<<grid, BLOCK, 0, stream>>>(out, x, x_stride, w, eps, hidden);
    return cudaGetLastError();
}
