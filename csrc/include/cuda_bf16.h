#pragma once
#include "cuda_runtime.h"
#include "sim/bfloat.h"

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
#define CUDART_INF_BF16 __ushort_as_bfloat16((unsigned short)0x7f80)
#define CUDART_ONE_BF16 __ushort_as_bfloat16((unsigned short)0x3f80)
#define CUDART_ZERO_BF16 __ushort_as_bfloat16((unsigned short)0)
