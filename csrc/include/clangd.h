// Read by clangd alone, where no CUDA toolkit is installed: the simulator's headers in clang's own CUDA dialect, so that
// <<<grid, block>>> and __shared__ parse. Nothing is ever compiled with it.
#pragma once
#if __clang_major__ < 20
#include <new>                           // its operators are host code there, whatever the pragma says
#define __syncthreads sim_syncthreads    // a builtin of those, which is device code
#endif
#pragma clang force_cuda_host_device begin
#include "sim.h"
#include "cuda_fp8.h"  // those that a source may include itself
#include "cooperative_groups.h"
#include "cooperative_groups/memcpy_async.h"
#include "cooperative_groups/reduce.h"
#include "cuda_pipeline.h"
#include "mma.h"
#pragma clang force_cuda_host_device end

#undef __global__
#undef __device__
#undef __host__
#undef __constant__
#undef __managed__
#undef __align__
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __constant__ __attribute__((constant))
#define __managed__ __attribute__((managed))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __shared__ __attribute__((shared))

// What clang makes of a launch calls one of these two, by the version of a toolkit that is not here.
extern "C" unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t bytes = 0, void* stream = nullptr);
extern "C" cudaError_t cudaConfigureCall(dim3 grid, dim3 block, size_t bytes = 0, cudaStream_t stream = nullptr);
