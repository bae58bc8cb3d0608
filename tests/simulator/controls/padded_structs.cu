// expect: silent
// n: 64
// out[0]: 66
// out[63]: 66
#include <cuda_runtime.h>
// Copied whole, a struct brings bytes along that nobody ever writes.
struct Best { double value; int index; };
struct Narrow { float f; char c; };
struct Wide { double d[8]; char c; int e; char g; };
__device__ __noinline__ void set(Best* b, double v, int i) { b->value = v; b->index = i; }
__global__ void k(const float* in, float* out, int n) {
  extern __shared__ char raw[];
  __shared__ Best best[64];
  __shared__ Narrow narrow[64];
  __shared__ Wide wide[64], other[64];
  int t = threadIdx.x;
  Best* copy = reinterpret_cast<Best*>(raw);
  set(&best[t], in[t], t);
  narrow[t].f = 1, narrow[t].c = 1;
  for (int i = 0; i < 8; i++) wide[t].d[i] = t;
  wide[t].c = 2, wide[t].e = 1, wide[t].g = 1;
  __syncthreads();
  other[t] = wide[63 - t];
  copy[t] = best[t];
  Narrow mine = narrow[63 - t];
  for (int half = 32; half; half >>= 1) {
    if (t < half && best[t].value < best[t + half].value) best[t] = best[t + half];
    __syncthreads();
  }
  narrow[t] = mine;
  if (t < 32) copy[t] = copy[63 - t];
  __syncthreads();
  out[t] = best[0].index + narrow[t].f + other[t].c + (copy[t % 32].index - copy[63 - t % 32].index);
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  k<<<1, n, n * sizeof(Best), stream>>>(in, out, n);
  return cudaGetLastError();
}
