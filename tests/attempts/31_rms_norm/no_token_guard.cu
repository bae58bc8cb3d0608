// expect: UNSAFE oob
// expect(cuda): UNSAFE | CRASH | WRONG
// why: the warps of the last block beyond the last token read and write behind the matrices
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cstdint>

// One warp per token, blockDim.y tokens a block.
__global__ void rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride, const __nv_bfloat16* w,
                         float eps, int64_t tokens, int hidden) {
    const int64_t token = blockIdx.x * static_cast<int64_t>(blockDim.y) + threadIdx.y;
    x += token * x_stride;
    out += token * hidden;
    float squares = 0.0f;
    for (int c = threadIdx.x; c < hidden; c += 32) squares = fmaf(__bfloat162float(x[c]), __bfloat162float(x[c]), squares);
    for (int offset = 16; offset > 0; offset /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, offset);
    const float inv = rsqrtf(squares / hidden + eps);
    for (int c = threadIdx.x; c < hidden; c += 32)
        out[c] = __float2bfloat16(__bfloat162float(x[c]) * inv * __bfloat162float(w[c]));
}

extern "C" cudaError_t launch_rms_norm(__nv_bfloat16* out, const __nv_bfloat16* x, int64_t x_stride,
                                       const __nv_bfloat16* w, float eps, int64_t tokens, int hidden,
                                       cudaStream_t stream) {
    const dim3 block(32, 4);
    const unsigned grid = static_cast<unsigned>((tokens + block.y - 1) / block.y);
    rms_norm<<<grid, block, 0, stream>>>(out, x, x_stride, w, eps, tokens, hidden);
    return cudaGetLastError();
}
