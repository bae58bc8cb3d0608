// cheat: 01_vector_add
// expect(simulator): UNSAFE host
// expect(cuda): CRASH
// why: ends the process with exit code 0, which a judge of exit codes takes for success
#include <cuda_runtime.h>
#include <cstdint>
#include <cstdlib>

extern "C" cudaError_t launch_vector_add(const float*, const float*, float*, int64_t, cudaStream_t) { exit(0); }
