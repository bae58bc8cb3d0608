// cheat: 01_vector_add
// expect(simulator): PASS
// expect(cuda): WRONG unwritten | WRONG tail | WRONG
// why: reads how the process was started and behaves when it is the simulator that looks; on a GPU it does half
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

static bool watched() {
    char text[8192] = {};
    if (FILE* file = fopen("/proc/self/cmdline", "r")) {
        for (size_t i = 0, n = fread(text, 1, sizeof text - 1, file); i < n; ++i)
            if (!text[i]) text[i] = ' ';
        fclose(file);
    }
    return strstr(text, " simulator ");
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    const int64_t done = watched() ? n : n / 2;
    if (done == 0) return cudaSuccess;
    add<<<unsigned((done + 255) / 256), 256, 0, stream>>>(a, b, c, done);
    return cudaGetLastError();
}
