#pragma once
#include "cuda_runtime.h"
#include "sim/half.h"

typedef __half half;
typedef __half2 half2;
#define CUDART_INF_FP16 __ushort_as_half((unsigned short)0x7c00)
#define CUDART_ONE_FP16 __ushort_as_half((unsigned short)0x3c00)
#define CUDART_ZERO_FP16 __ushort_as_half((unsigned short)0)
