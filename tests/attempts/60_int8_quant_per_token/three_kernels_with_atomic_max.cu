// expect: PASS
// expect(cuda): PASS | SLOW
// why: scale is zeroed, takes the maxima of all blocks by atomicMax on the bits, and is divided at the end: unusual, but right
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

constexpr int BLOCK = 128;
constexpr int SLICE = 1024;  // elements of a row per block

// Bits of floats that are not negative are ordered like the floats.
__global__ void maximum(int* top, const __nv_bfloat16* x, int hidden) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    const int end = min(hidden, static_cast<int>(blockIdx.y + 1) * SLICE);
    for (int i = blockIdx.y * SLICE + threadIdx.x; i < end; i += BLOCK)
        atomicMax(top + blockIdx.x, __float_as_int(fabsf(__bfloat162float(x[start + i]))));
}

__global__ void quantise(int8_t* q, const float* top, const __nv_bfloat16* x, int hidden) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    const int end = min(hidden, static_cast<int>(blockIdx.y + 1) * SLICE);
    const float inverse = top[blockIdx.x] > 0.0f ? 127.0f / top[blockIdx.x] : 0.0f;
    for (int i = blockIdx.y * SLICE + threadIdx.x; i < end; i += BLOCK)
        q[start + i] = static_cast<int8_t>(__float2int_rn(__bfloat162float(x[start + i]) * inverse));
}

__global__ void divide(float* scale, int64_t tokens) {
    const int64_t i = blockIdx.x * static_cast<int64_t>(BLOCK) + threadIdx.x;
    if (i < tokens) scale[i] /= 127.0f;
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(tokens), (hidden + SLICE - 1) / SLICE);
    cudaMemsetAsync(scale, 0, tokens * sizeof(float), stream);
    maximum<<<grid, BLOCK, 0, stream>>>(reinterpret_cast<int*>(scale), x, hidden);
    quantise<<<grid, BLOCK, 0, stream>>>(q, scale, x, hidden);
    divide<<<static_cast<unsigned>((tokens + BLOCK - 1) / BLOCK), BLOCK, 0, stream>>>(scale, tokens);
    return cudaGetLastError();
}
