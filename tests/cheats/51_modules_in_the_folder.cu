// cheat: 07_softmax
// expect: WRONG unwritten
// why: leaves modules named like the grader's own in the working folder, for the next import to find
#include <cuda_runtime.h>
#include <cstdint>
#include <cstdio>
#include <initializer_list>

extern "C" cudaError_t launch_softmax(const float*, float*, int64_t, int64_t, cudaStream_t) {
    for (const char* name : {"torch.py", "numpy.py", "json.py", "grader.py", "sitecustomize.py"})
        if (FILE* file = fopen(name, "w")) {
            fputs("import os\nos._exit(0)\n", file);
            fclose(file);
        }
    return cudaSuccess;
}
