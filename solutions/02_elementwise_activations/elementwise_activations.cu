// 02 Activations: y[i] = f(x[i]), one template kernel for six functions.
//
// x, y are (n) fp32, 16-byte aligned; y may be x. The launcher turns `op` into a type, so the compiler builds six
// kernels and none of them branches on op.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kThreads = 256;  // small blocks: an SM holds several, and some load while others compute or end
constexpr int kUnroll = 4;     // 16-byte loads in flight per thread: they cover the latency of memory
constexpr int kTile = kThreads * kUnroll;  // float4 per block

// Each function divides by something that may be infinite, never infinity by infinity. __fdividef instead of `/`: an
// IEEE division is a dozen instructions, which the SiLU of 134 million numbers does not hide behind memory. It gives 0
// for a divisor above 2^126, where the true quotient is below 1e-36 and so far inside the tolerance.
struct Relu {
    __device__ float operator()(float x) const { return x < 0.0f ? 0.0f : x; }  // not fmaxf: it would swallow NaN
};
struct Sigmoid {
    __device__ float operator()(float x) const { return __fdividef(1.0f, 1.0f + expf(-x)); }
};
struct Tanh {
    __device__ float operator()(float x) const { return tanhf(x); }
};
struct Silu {
    __device__ float operator()(float x) const { return __fdividef(x, 1.0f + expf(-x)); }
};
struct GeluErf {
    __device__ float operator()(float x) const {
        constexpr float kSqrtHalf = 0.70710678f;
        return 0.5f * x * (1.0f + erff(x * kSqrtHalf));
    }
};
struct GeluTanh {
    // (1 + tanh(u)) / 2 is sigmoid(2u): one exp and one division, cheaper than tanhf.
    __device__ float operator()(float x) const {
        constexpr float kTwoSqrtTwoOverPi = 1.59576912f;
        const float two_u = kTwoSqrtTwoOverPi * (x + 0.044715f * x * x * x);
        return __fdividef(x, 1.0f + expf(-two_u));
    }
};

template <typename Function>
__global__ void __launch_bounds__(kThreads) activation(const float* x, float* y, int64_t n, Function f) {
    const int64_t vectors = n / 4;
    const int64_t first = int64_t(blockIdx.x) * kTile + threadIdx.x;
    const float4* x4 = reinterpret_cast<const float4*>(x);
    float4* y4 = reinterpret_cast<float4*>(y);

    // All loads before the first store. In place this is safe: a thread stores only what it has itself loaded.
    float4 v[kUnroll];
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {
        const int64_t i = first + k * kThreads;
        if (i < vectors) v[k] = x4[i];
    }
#pragma unroll
    for (int k = 0; k < kUnroll; ++k) {
        const int64_t i = first + k * kThreads;
        if (i < vectors) y4[i] = make_float4(f(v[k].x), f(v[k].y), f(v[k].z), f(v[k].w));
    }

    // The at most 3 elements behind the last float4: one thread each.
    const int64_t tail = 4 * vectors + threadIdx.x;
    if (blockIdx.x == 0 && tail < n) y[tail] = f(x[tail]);
}

template <typename Function>
static void launch(const float* x, float* y, int64_t n, cudaStream_t stream) {
    const int64_t tiles = (n / 4 + kTile - 1) / kTile;
    const unsigned blocks = tiles ? unsigned(tiles) : 1;  // n < 4: block 0 has the tail to do
    activation<<<blocks, kThreads, 0, stream>>>(x, y, n, Function());
}

extern "C" cudaError_t launch_elementwise_activations(const float* x, float* y, int64_t n, int op,
                                                      cudaStream_t stream) {
    switch (op) {
        case 0: launch<Relu>(x, y, n, stream); break;
        case 1: launch<Sigmoid>(x, y, n, stream); break;
        case 2: launch<Tanh>(x, y, n, stream); break;
        case 3: launch<Silu>(x, y, n, stream); break;
        case 4: launch<GeluErf>(x, y, n, stream); break;
        case 5: launch<GeluTanh>(x, y, n, stream); break;
        default: return cudaErrorInvalidValue;
    }
    return cudaGetLastError();
}
