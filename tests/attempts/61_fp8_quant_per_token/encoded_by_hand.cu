// expect: PASS
// expect(cuda): PASS | SLOW
// why: two kernels, and the eight bits made with integers: unusual, but right
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#include <cstdint>

// One warp per row finds the scale.
__global__ void scales(float* scale, const __nv_bfloat16* x, const float* scale_ub, int64_t tokens, int hidden) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.y) + threadIdx.y;
    if (row >= tokens) return;  // a whole warp leaves, never part of one
    float top = 0.0f;
    for (int i = threadIdx.x; i < hidden; i += 32) top = fmaxf(top, fabsf(__bfloat162float(x[row * hidden + i])));
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    if (scale_ub != nullptr) top = fminf(top, *scale_ub);
    if (threadIdx.x == 0) scale[row] = fmaxf(top / 448.0f, 1.0f / (448.0f * 512.0f));
}

__device__ unsigned char encoded(float y) {
    const unsigned sign = __float_as_uint(y) >> 31 << 7;
    const float a = fminf(fabsf(y), 448.0f);
    if (a < 0.015625f) return sign | static_cast<unsigned>(rintf(a * 512.0f));  // subnormal: multiples of 2^-9
    unsigned bits = __float_as_uint(a);
    bits += 0x7ffff + ((bits >> 20) & 1);            // 20 of the 23 bits of fraction go: round half to even
    return sign | ((bits >> 20) - ((127 - 7) << 3));  // the exponent's bias is 7 instead of 127
}

// Every element by itself, whichever row it belongs to.
__global__ void codes(unsigned char* q, const float* scale, const __nv_bfloat16* x, int64_t n, int hidden) {
    const int64_t stride = gridDim.x * static_cast<int64_t>(blockDim.x);
    for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < n; i += stride)
        q[i] = encoded(__bfloat162float(x[i]) / scale[i / hidden]);
}

extern "C" cudaError_t launch_fp8_quant_per_token(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x,
                                                  const float* scale_ub, int64_t tokens, int hidden,
                                                  cudaStream_t stream) {
    scales<<<static_cast<unsigned>((tokens + 3) / 4), dim3(32, 4), 0, stream>>>(scale, x, scale_ub, tokens, hidden);
    codes<<<528, 128, 0, stream>>>(reinterpret_cast<unsigned char*>(q), scale, x, tokens * hidden, hidden);
    return cudaGetLastError();
}
