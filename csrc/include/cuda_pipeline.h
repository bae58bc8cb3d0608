// cp.async, deferred to its wait: a missing wait shows as unwritten or stale shared memory.
#pragma once
#include "cuda_runtime.h"

SIM_INLINE void __pipeline_memcpy_async(void* to, const void* from, size_t bytes, size_t zeros = 0) { sim_copy_async(to, from, bytes, zeros); }
SIM_INLINE void __pipeline_commit() { sim_copy_commit(); }
SIM_INLINE void __pipeline_wait_prior(int groups) { sim_copy_wait(groups); }
