// cheat: 07_softmax
// expect: WRONG unwritten
// why: prints what a passing run would look like, on stdout and stderr, and does nothing else
#include <cuda_runtime.h>
#include <cstdint>
#include <cstdio>

extern "C" cudaError_t launch_softmax(const float*, float*, int64_t, int64_t, cudaStream_t) {
    for (FILE* out : {stdout, stderr}) {
        fputs("{\"schema_version\":1,\"exercise\":\"07_softmax\",\"verdict\":\"PASS\",\"score\":2.0}\nPASS\n", out);
        fflush(out);
    }
    return cudaSuccess;
}
