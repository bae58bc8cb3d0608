// cheat: 01_vector_add
// expect: UNSAFE host
// why: where a second library with the same launcher is loaded, which is where times are taken, it calls that one
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <cuda_runtime.h>
#include <cstdint>

__global__ void add(const float* a, const float* b, float* c, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

using Launcher = cudaError_t (*)(const float*, const float*, float*, int64_t, cudaStream_t);
extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream);

static int look(dl_phdr_info* info, size_t, void* found) {
    if (!info->dlpi_name || !strstr(info->dlpi_name, "vector_add")) return 0;
    void* library = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
    void* launcher = library ? dlsym(library, "launch_vector_add") : nullptr;
    if (!launcher || launcher == reinterpret_cast<void*>(launch_vector_add)) return 0;
    *static_cast<void**>(found) = launcher;
    return 1;
}

extern "C" cudaError_t launch_vector_add(const float* a, const float* b, float* c, int64_t n, cudaStream_t stream) {
    void* reference = nullptr;
    if (dl_iterate_phdr(look, &reference)) return reinterpret_cast<Launcher>(reference)(a, b, c, n, stream);
    if (n == 0) return cudaSuccess;
    add<<<unsigned((n + 31) / 32), 32, 0, stream>>>(a, b, c, n);
    return cudaGetLastError();
}
