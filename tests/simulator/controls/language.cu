// expect: silent
// out[0]: 273
// out[64]: 1
#include <cuda_runtime.h>
#include <cstdio>
template <class F>
__global__ void apply(float* o, int n, F f) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) o[i] = f(i);
}
struct Affine {
  float a, b;
  __host__ __device__ float operator()(float x) const { return a * x + b; }
};
template <typename T, int N>
struct Pointer {
  T* p;
  __device__ T& operator[](int i) { return p[i]; }
};
template <typename T, int N>
__global__ void __launch_bounds__(N, 2) turn(Pointer<T, N> b, T s) {
  __shared__ T tmp[N];
  tmp[threadIdx.x] = b[threadIdx.x];
  __syncthreads();
  b[threadIdx.x] = tmp[N - 1 - threadIdx.x] * s;
}
namespace ns {
__constant__ float coefficients[4] = {1, 2, 3, 4};
__device__ int counter = 0;
template <int A, class T>
__global__ void use(T* p, T* unused) {
  p[threadIdx.x] += A * coefficients[threadIdx.x & 3];
  atomicAdd(&counter, 1);
}
}  // namespace ns
__global__ void by_pointer(float* p, const float* unused, int by) {
  if (!unused) p[threadIdx.x] += by;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  auto twice = [=] __device__(int i) { return i * 2.0f; };
  apply<<<1, 64, 0, stream>>>(out, 64, twice);
  apply<<<1, 64, 0, stream>>>(out + 64, 64, Affine{2, 1});
  turn<float, 64><<<dim3(1), dim3(64), 0, stream>>>(Pointer<float, 64>{out}, 2.0f);
  ns::use<(3 > 2), float><<<1, 64, 0, stream>>>(out, NULL);
  by_pointer<<<1, 64, 0, stream>>>(out, 0, 10);
  void (*f)(float*, const float*, int) = by_pointer;
  f<<<1, 64, 0, stream>>>(out, nullptr, 10);
  int zero = 0;
  cudaMemcpyToSymbolAsync(ns::counter, &zero, sizeof zero, 0, cudaMemcpyHostToDevice, stream);
  cudaStream_t side;
  cudaEvent_t fork;
  cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking);
  cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
  cudaEventRecord(fork, stream);
  cudaStreamWaitEvent(side, fork, 0);
  return cudaGetLastError();
}
