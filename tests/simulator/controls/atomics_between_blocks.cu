// expect: silent
// n: 4096
// out[0]: 131072
// out[1]: 131072
// out[2]: 131072
// out[3]: 2048
// out[4]: 2048
// out[5]: 16383
// out[6]: 131072
// out[7]: 131072
// out[8]: 64
// out[9]: 131072
#include <cuda_fp16.h>
#include <cuda/atomic>
#include <cuda_runtime.h>
// Every width, from 64 blocks at once: what is lost is seen in the sums.
__device__ unsigned whole, byCas, lock;
__device__ unsigned long long wide;
__device__ double real;
__device__ __half2 pair;
__device__ int largest, byRef;
__device__ float perBlock[64], guarded;
__global__ void zero() { whole = byCas = lock = 0, wide = 0, real = 0, pair = __half2(0.0f, 0.0f), largest = -1, byRef = 0, guarded = 0; }
__global__ void add() {
  __shared__ int mine;
  int id = blockIdx.x * blockDim.x + threadIdx.x;
  if (threadIdx.x == 0) mine = 0;
  __syncthreads();
  for (int i = 0; i < 8; i++) {
    atomicAdd(&whole, 1u);
    atomicAdd(&wide, 1ull);
    atomicAdd(&real, 1.0);
    if (id % 64 == 0) atomicAdd(&pair, __half2(1.0f, 1.0f));  // beyond 2048 a half has no ones
    atomicMax(&largest, id);
    for (unsigned seen = 0, was; (was = atomicCAS(&byCas, seen, seen + 1)) != seen;) seen = was;
    cuda::atomic_ref<int>(byRef).fetch_add(1);
    atomicAdd(&mine, 1);
  }
  __syncthreads();
  if (threadIdx.x) return;
  while (atomicCAS(&lock, 0u, 1u)) {}
  __threadfence();
  guarded += mine;
  __threadfence();
  atomicExch(&lock, 0u);
}
__global__ void finish(float* out) {
  out[0] = whole, out[1] = (float)wide, out[2] = (float)real, out[3] = __low2float(pair), out[4] = __high2float(pair);
  out[5] = largest, out[6] = byCas, out[7] = byRef, out[8] = gridDim.x * 64, out[9] = guarded;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  zero<<<1, 1, 0, stream>>>();
  add<<<64, 256, 0, stream>>>();
  finish<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}
