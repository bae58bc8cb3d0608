// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per row, packs of eight where hidden allows them, one division per thread, and the row is read twice
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 256;

__device__ float block_max(float v) {
    __shared__ float shared[BLOCK];
    shared[threadIdx.x] = v;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) shared[threadIdx.x] = fmaxf(shared[threadIdx.x], shared[threadIdx.x + half]);
        __syncthreads();
    }
    return shared[0];
}

// N numbers that one instruction moves.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    T v[N];
};

template <int N>
__global__ void quantise(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x, const float* scale_ub, int hidden) {
    using From = Pack<__nv_bfloat16, N>;
    using To = Pack<__nv_fp8_e4m3, N>;
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    const From* from = reinterpret_cast<const From*>(x + start);
    To* to = reinterpret_cast<To*>(q + start);
    float top = 0.0f;
    for (int p = threadIdx.x; p < hidden / N; p += BLOCK) {
        const From pack = from[p];
        for (int i = 0; i < N; ++i) top = fmaxf(top, fabsf(__bfloat162float(pack.v[i])));
    }
    top = block_max(top);
    if (scale_ub != nullptr) top = fminf(top, *scale_ub);
    const float step = fmaxf(top / 448.0f, 1.0f / (448.0f * 512.0f)), inverse = 1.0f / step;
    for (int p = threadIdx.x; p < hidden / N; p += BLOCK) {
        const From pack = from[p];
        To codes;
        for (int i = 0; i < N; ++i) codes.v[i] = __nv_fp8_e4m3(__bfloat162float(pack.v[i]) * inverse);
        to[p] = codes;
    }
    if (threadIdx.x == 0) scale[blockIdx.x] = step;
}

extern "C" cudaError_t launch_fp8_quant_per_token(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x,
                                                  const float* scale_ub, int64_t tokens, int hidden,
                                                  cudaStream_t stream) {
    if (hidden % 8 == 0)
        quantise<8><<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, scale_ub, hidden);
    else
        quantise<1><<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, scale_ub, hidden);
    return cudaGetLastError();
}
