// cheat: 01_vector_add
// expect(simulator): WRONG stale
// expect(cuda): WRONG | UNSAFE | CRASH
// why: writes every answer to /dev/shm under its size, and hands out what an earlier call or process left there
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    if (n == 0) return cudaSuccess;
    char name[64];
    snprintf(name, sizeof name, "/dev/shm/grader-cheat-22-%lld", static_cast<long long>(n));
    const size_t bytes = sizeof(float) * n;
    float* answer = static_cast<float*>(malloc(bytes));  // kept: a recorded copy reads it later
    FILE* file = fopen(name, "r");
    if (file && fread(answer, 1, bytes, file) == bytes) {
        fclose(file);
        return cudaMemcpyAsync(c, answer, bytes, cudaMemcpyHostToDevice, stream);
    }
    add<<<unsigned((n + 255) / 256), 256, 0, stream>>>(a, b, c, n);
    if (cudaError_t error = cudaMemcpyAsync(answer, c, bytes, cudaMemcpyDeviceToHost, stream)) return error;
    if ((file = fopen(name, "w"))) {
        fwrite(answer, 1, bytes, file);
        fclose(file);
    }
    return cudaGetLastError();
}
