// __half and __half2: 5 exponent and 10 mantissa bits.
#pragma once
#include "small.h"

#define T __half
#define T2 __half2
#define NAME half
#define E 5
#define M 10
#define SIM_NARROW sim_narrow_half
#define SIM_CANONICAL sim_canonical_half
#define SIM_BELOW sim_below_half
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
