// 10 AoS to SoA: particles of 8 floats each become 8 arrays, and their positions advance by v * dt.
//
// aos is (n, 8) fp32, 16-byte aligned: x, y, z, vx, vy, vz, q, m of each particle. soa is (8, n) fp32.
//
// Each warp takes 64 particles, 2 KB in one piece. It reads them float4 after float4, as they lie in memory, puts them
// into its own part of shared memory, and takes them out again one particle a thread. Warps never wait for each other.

#include <cuda_runtime.h>
#include <cstdint>

constexpr int kWarp = 32;
constexpr int kThreads = 256;
constexpr int kBlocks = 8;                 // of them fill the 2,048 thread slots of an SM: up to 32 registers a thread
constexpr int kWarps = kThreads / kWarp;
constexpr int kEach = 2;                   // particles per thread, so each has 4 loads of 16 bytes under way
constexpr int kParticles = kEach * kWarp;  // of a warp
constexpr int kPacks = 2 * kParticles;     // float4 of a warp, two for a particle: 16 KB of shared memory a block

// Where float4 number q of the warp lies in shared memory. 16-byte accesses are served eight threads at a time, and
// those must meet eight different places modulo 8. Threads that put down eight neighbours do so anyway. Threads that
// take the first halves of eight particles want q = 0, 2, ... 14: without the XOR, four places, each of them twice.
__device__ int place(int q) { return q ^ (q >> 3 & 1); }

__global__ void __launch_bounds__(kThreads, kBlocks) aos_to_soa(const float4* aos, float* soa, int64_t n, float dt) {
    __shared__ float4 tile[kWarps][kPacks];
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
    const int64_t first = (static_cast<int64_t>(blockIdx.x) * kWarps + warp) * kParticles;
    if (first >= n) return;  // the whole warp, and there is no block barrier below
    const int count = n - first < kParticles ? static_cast<int>(n - first) : kParticles;

    float4 v[2 * kEach];
#pragma unroll
    for (int k = 0; k < 2 * kEach; ++k) {  // all loads first: they wait for memory together
        const int q = lane + k * kWarp;
        if (q < 2 * count) v[k] = aos[2 * first + q];
    }
#pragma unroll
    for (int k = 0; k < 2 * kEach; ++k) {
        const int q = lane + k * kWarp;
        if (q < 2 * count) tile[warp][place(q)] = v[k];
    }

    __syncwarp();  // a thread takes out what other threads of its warp have put in

#pragma unroll
    for (int k = 0; k < kEach; ++k) {
        const int p = lane + k * kWarp;
        if (p >= count) return;  // the last particles are cut off; no barrier below
        const float4 a = tile[warp][place(2 * p)];      // x, y, z, vx
        const float4 b = tile[warp][place(2 * p + 1)];  // vy, vz, q, m
        float* to = soa + first + p;                    // neighbouring threads, neighbouring addresses
        to[0 * n] = fmaf(a.w, dt, a.x);
        to[1 * n] = fmaf(b.x, dt, a.y);
        to[2 * n] = fmaf(b.y, dt, a.z);
        to[3 * n] = a.w;
        to[4 * n] = b.x;
        to[5 * n] = b.y;
        to[6 * n] = b.z;
        to[7 * n] = b.w;
    }
}

extern "C" cudaError_t launch_aos_to_soa(const float* aos, float* soa, int64_t n, float dt, cudaStream_t stream) {
    constexpr int64_t each = kWarps * kParticles;
    const unsigned blocks = static_cast<unsigned>((n + each - 1) / each);
    aos_to_soa<<<blocks, kThreads, 0, stream>>>(reinterpret_cast<const float4*>(aos), soa, n, dt);
    return cudaGetLastError();
}
