// expect: PASS
// expect(cuda): PASS | SLOW
// why: one block per row, packs of eight where hidden allows them, and the row is read twice
#include <cuda_bf16.h>
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
__global__ void quantise(int8_t* q, float* scale, const __nv_bfloat16* x, int hidden) {
    using From = Pack<__nv_bfloat16, N>;
    using To = Pack<int8_t, N>;
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    const From* from = reinterpret_cast<const From*>(x + start);
    To* to = reinterpret_cast<To*>(q + start);
    float top = 0.0f;
    for (int p = threadIdx.x; p < hidden / N; p += BLOCK) {
        const From pack = from[p];
        for (int i = 0; i < N; ++i) top = fmaxf(top, fabsf(__bfloat162float(pack.v[i])));
    }
    top = block_max(top);
    const float inverse = top > 0.0f ? 127.0f / top : 0.0f;
    for (int p = threadIdx.x; p < hidden / N; p += BLOCK) {
        const From pack = from[p];
        To codes;
        for (int i = 0; i < N; ++i)
            codes.v[i] = static_cast<int8_t>(__float2int_rn(__bfloat162float(pack.v[i]) * inverse));
        to[p] = codes;
    }
    if (threadIdx.x == 0) scale[blockIdx.x] = top / 127.0f;
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    if (hidden % 8 == 0)
        quantise<8><<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, hidden);
    else
        quantise<1><<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, hidden);
    return cudaGetLastError();
}
