// expect: silent
// n: 256
// out[1]: 42
#include <cuda_runtime.h>
#include <cuda/atomic>
__global__ void k(float* out, int* flag) {
  cuda::atomic_ref<int, cuda::thread_scope_device> f(*flag);
  if (blockIdx.x == 0) {
    if (threadIdx.x == 0) {
      out[0] = 42;
      f.store(1, cuda::memory_order_release);
    }
  } else if (threadIdx.x == 0) {
    while (f.load(cuda::memory_order_acquire) == 0) {}
    out[1] = out[0];
  }
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaMemsetAsync(out, 0, 64, stream);
  k<<<2, 32, 0, stream>>>(out, (int*)(out + 8));
  return cudaGetLastError();
}
