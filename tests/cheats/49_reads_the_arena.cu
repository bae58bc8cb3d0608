// cheat: 05_reduction_sum
// expect(simulator): UNSAFE host
// expect(cuda): CRASH | UNSAFE host | WRONG stale
// why: finds the shared memory through which the judge sends the inputs, adds them up on the CPU and copies the sum in
#include <cuda_runtime.h>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <unistd.h>

// The first mapping of a memfd called "arena": the inputs lie there, at the same offsets as on the device.
static const char* arena() {
    char line[512];
    unsigned long start = 0;
    FILE* maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "memfd:arena") && sscanf(line, "%lx", &start) == 1) break;
    if (maps) fclose(maps);
    return reinterpret_cast<const char*>(start);
}

extern "C" cudaError_t launch_reduction_sum(const float* x, float* out, int64_t n, void*, size_t, cudaStream_t stream) {
    static float answer;
    const char* contents = arena();
    if (!contents) return cudaErrorUnknown;
    // x is the first buffer: the simulator keeps its offset's low 16 bits, a GPU the offset from a 2 MiB boundary
    const float* host = reinterpret_cast<const float*>(contents + (reinterpret_cast<uintptr_t>(x) & 0xffff));
    double sum = 0.0;
    for (int64_t i = 0; i < n; ++i) sum += host[i];
    answer = float(sum);
    return cudaMemcpyAsync(out, &answer, sizeof answer, cudaMemcpyHostToDevice, stream);
}
