// All that is precompiled; force-included before the learner's text. The short names (half) come with their own headers.
#pragma once
#include "cuda_runtime.h"

#include "sim/bfloat.h"
#include "sim/half.h"
#include "sim/tensor.h"
