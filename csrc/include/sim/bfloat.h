// __nv_bfloat16 and __nv_bfloat162: 8 exponent and 7 mantissa bits.
#pragma once
#include "small.h"

#define T __nv_bfloat16
#define T2 __nv_bfloat162
#define NAME bfloat16
#define E 8
#define M 7
#define SIM_NARROW sim_narrow_bfloat16
#define SIM_CANONICAL sim_canonical_bfloat16
#define SIM_BELOW sim_below_bfloat16
#include "type.inc.h"
#include "arithmetic.inc.h"
#include "conversion.inc.h"
#undef T
#undef T2
#undef NAME
#undef E
#undef M
#undef SIM_NARROW
#undef SIM_CANONICAL
#undef SIM_BELOW
