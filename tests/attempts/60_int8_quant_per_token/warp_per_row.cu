// expect: PASS
// expect(cuda): PASS | SLOW
// why: a warp per row, four rows to a block, no shared memory
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void quantise(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens, int hidden) {
    const int64_t row = blockIdx.x * static_cast<int64_t>(blockDim.y) + threadIdx.y;
    if (row >= tokens) return;  // a whole warp leaves, never part of one
    x += row * hidden;
    q += row * hidden;
    float top = 0.0f;
    for (int i = threadIdx.x; i < hidden; i += 32) top = fmaxf(top, fabsf(__bfloat162float(x[i])));
    for (int offset = 16; offset > 0; offset /= 2) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    const float inverse = top > 0.0f ? 127.0f / top : 0.0f;
    for (int i = threadIdx.x; i < hidden; i += 32)
        q[i] = static_cast<int8_t>(__float2int_rn(__bfloat162float(x[i]) * inverse));
    if (threadIdx.x == 0) scale[row] = top / 127.0f;
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    const dim3 block(32, 4);
    quantise<<<static_cast<unsigned>((tokens + 3) / 4), block, 0, stream>>>(q, scale, x, tokens, hidden);
    return cudaGetLastError();
}
