// expect: silent
// out[3]: 20
#include <cuda_runtime.h>
__global__ void step(float* out, float by) { out[threadIdx.x] += by; }
template <class T>
__global__ void twice(T* out) {
  out[threadIdx.x] *= 2;
}
extern "C" cudaError_t launch(const float* in, float* out, int n, cudaStream_t stream) {
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  for (int i = 0; i < 2; i++) step<<<1, n, 0, stream>>>(out, i + 0.5f);
  twice<<<1, n, 0, stream>>>(out);
  cudaStreamEndCapture(stream, &graph);
  cudaGraphInstantiate(&exec, graph, 0);
  cudaMemsetAsync(out, 0, n * sizeof(float), stream);
  for (int i = 0; i < 2; i++) cudaGraphLaunch(exec, stream);
  step<<<1, n, 0, stream>>>(out, 8.0f);
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  return cudaGetLastError();
}
