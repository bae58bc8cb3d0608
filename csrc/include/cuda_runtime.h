#pragma once
#include "sim/core.h"
#include "sim/local.h"
#include "sim/vector.h"
#include "sim/math.h"
#include "sim/warp.h"
#include "sim/atomic.h"
#include "sim/host.h"
