// expect: UNSAFE race
// expect(cuda): UNSAFE race | WRONG
// why: fast threads fetch the next tile while slow ones still multiply with this one
#include <cuda_runtime.h>
#include <cfloat>
#include <cstdint>

constexpr int T = 16;

// c[i, j] = scale * sum over d of a[i, d] * b[j, d] (TRANSPOSED) or b[d, j], tile by tile in shared memory.
template <bool TRANSPOSED>
__global__ void multiply(const float* a, const float* b, float* c, int rows, int cols, int depth, float scale) {
    __shared__ float as[T][T + 1], bs[T][T + 1];
    const int x = threadIdx.x, y = threadIdx.y, i = blockIdx.y * T + y, j = blockIdx.x * T + x;
    a += int64_t(blockIdx.z) * rows * depth;
    b += int64_t(blockIdx.z) * cols * depth;
    c += int64_t(blockIdx.z) * rows * cols;
    float sum = 0.0f;
    for (int d0 = 0; d0 < depth; d0 += T) {
        const int row = TRANSPOSED ? blockIdx.x * T + y : d0 + y, col = TRANSPOSED ? d0 + x : j;
        const bool inside = TRANSPOSED ? row < cols && col < depth : row < depth && col < cols;
        as[y][x] = i < rows && d0 + x < depth ? a[int64_t(i) * depth + d0 + x] : 0.0f;
        (TRANSPOSED ? bs[x][y] : bs[y][x]) = inside ? b[int64_t(row) * (TRANSPOSED ? depth : cols) + col] : 0.0f;
        __syncthreads();  // the tiles are read by all
        for (int d = 0; d < T; ++d) sum += as[y][d] * bs[d][x];
    }
    if (i < rows && j < cols) c[int64_t(i) * cols + j] = scale * sum;
}

// One block per row, its exponentials in place.
__global__ void softmax(float* p, int S, int causal) {
    __shared__ float partial[128];
    p += int64_t(blockIdx.x) * S;
    const int length = causal ? blockIdx.x % S + 1 : S;
    float top = -FLT_MAX, sum = 0.0f;
    for (int j = threadIdx.x; j < length; j += 128) top = fmaxf(top, p[j]);
    partial[threadIdx.x] = top;
    for (int half = 64; half > 0; half /= 2) {
        __syncthreads();  // every step reads what the one before wrote
        if (threadIdx.x < half) partial[threadIdx.x] = fmaxf(partial[threadIdx.x], partial[threadIdx.x + half]);
    }
    __syncthreads();
    top = partial[0];
    __syncthreads();  // all have read the maximum: the array may be used again
    for (int j = threadIdx.x; j < length; j += 128) sum += expf(p[j] - top);
    partial[threadIdx.x] = sum;
    for (int half = 64; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
    }
    __syncthreads();
    for (int j = threadIdx.x; j < S; j += 128) p[j] = j < length ? expf(p[j] - top) / partial[0] : 0.0f;
}

extern "C" cudaError_t launch_attention_naive(const float* q, const float* k, const float* v, float* o, int B, int H,
                                              int S, int D, int causal, void* ws, size_t ws_bytes,
                                              cudaStream_t stream) {
    float* p = static_cast<float*>(ws);
    const dim3 block(T, T);
    const unsigned s = (S + T - 1) / T, d = (D + T - 1) / T;
    multiply<true><<<dim3(s, s, B * H), block, 0, stream>>>(q, k, p, S, S, D, 1.0f / sqrtf(float(D)));
    softmax<<<B * H * S, 128, 0, stream>>>(p, S, causal);
    multiply<false><<<dim3(d, s, B * H), block, 0, stream>>>(p, v, o, S, D, S, 1.0f);
    return cudaGetLastError();
}
