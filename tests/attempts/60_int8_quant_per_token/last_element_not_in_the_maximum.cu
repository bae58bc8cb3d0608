// expect: WRONG
// why: the maximum is taken of all elements but the last; an outlier there wraps around
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

__global__ void quantise(int8_t* q, float* scale, const __nv_bfloat16* x, int hidden) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    float top = 0.0f;
    for (int i = threadIdx.x; i < hidden - 1; i += BLOCK) top = fmaxf(top, fabsf(__bfloat162float(x[start + i])));
    top = block_max(top);
    const float inverse = top > 0.0f ? 127.0f / top : 0.0f;
    for (int i = threadIdx.x; i < hidden; i += BLOCK)
        q[start + i] = static_cast<int8_t>(__float2int_rn(__bfloat162float(x[start + i]) * inverse));
    if (threadIdx.x == 0) scale[blockIdx.x] = top / 127.0f;
}

extern "C" cudaError_t launch_int8_quant_per_token(int8_t* q, float* scale, const __nv_bfloat16* x, int64_t tokens,
                                                   int hidden, cudaStream_t stream) {
    quantise<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, hidden);
    return cudaGetLastError();
}
