// expect: WRONG
// why: a row of zeros is divided by 0, and a row of tiny numbers has too small a scale
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

__global__ void quantise(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x, const float* scale_ub, int hidden) {
    const int64_t start = static_cast<int64_t>(blockIdx.x) * hidden;
    float top = 0.0f;
    for (int i = threadIdx.x; i < hidden; i += BLOCK) top = fmaxf(top, fabsf(__bfloat162float(x[start + i])));
    top = block_max(top);
    if (scale_ub != nullptr) top = fminf(top, *scale_ub);
    const float step = top / 448.0f;
    for (int i = threadIdx.x; i < hidden; i += BLOCK) {
        const float y = __bfloat162float(x[start + i]) / step;
        q[start + i] = __nv_fp8_e4m3(y);
    }
    if (threadIdx.x == 0) scale[blockIdx.x] = step;
}

extern "C" cudaError_t launch_fp8_quant_per_token(__nv_fp8_e4m3* q, float* scale, const __nv_bfloat16* x,
                                                  const float* scale_ub, int64_t tokens, int hidden,
                                                  cudaStream_t stream) {
    quantise<<<static_cast<unsigned>(tokens), BLOCK, 0, stream>>>(q, scale, x, scale_ub, hidden);
    return cudaGetLastError();
}
