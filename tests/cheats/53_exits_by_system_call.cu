// cheat: 01_vector_add
// expect: UNSAFE host | CRASH
// why: as 53_exits, past every handler and wrapper
#include <cuda_runtime.h>
#include <cstdint>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" cudaError_t launch_vector_add(const float*, const float*, float*, int64_t, cudaStream_t) {
    syscall(SYS_exit_group, 0);
    return cudaSuccess;
}
