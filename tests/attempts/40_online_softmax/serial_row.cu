// expect: PASS
// expect(cuda): PASS | SLOW
// why: one thread per row, element after element in fp32, is as naive as can be, and right
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

__global__ void online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols) {
    const int64_t row = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    x += row * cols;
    float top = x[0], sum = 1.0f;
    for (int64_t c = 1; c < cols; ++c) {
        if (x[c] == -INFINITY) continue;
        if (top == -INFINITY) {  // nothing seen yet
            top = x[c], sum = 1.0f;
            continue;
        }
        const float higher = fmaxf(top, x[c]);
        sum = sum * expf(top - higher) + expf(x[c] - higher);
        top = higher;
    }
    m[row] = top;
    l[row] = sum;
}

extern "C" cudaError_t launch_online_softmax(const float* x, float* m, float* l, int64_t rows, int64_t cols,
                                             cudaStream_t stream) {
    online_softmax<<<unsigned((rows + 63) / 64), 64, 0, stream>>>(x, m, l, rows, cols);
    return cudaGetLastError();
}
