// Floating point of 16 and 8 bits: one conversion each way, rounded once, for any split into exponent and mantissa.
#pragma once
#include "core.h"
#include "math.h"
#include "vector.h"

#define SIM_JOIN_(a, b, c) a##b##c
#define SIM_JOIN(a, b, c) SIM_JOIN_(a, b, c)
#define SIM_JOIN2_(a, b) a##b
#define SIM_JOIN2(a, b) SIM_JOIN2_(a, b)

namespace sim {
// A pattern, as opposed to the number that an integer would be.
struct Bits {
  uint16_t value;
};

enum Round { NEAREST, ZERO, UP, DOWN };

SIM_INLINE bool round_up(uint64_t kept, uint64_t rest, uint64_t half, bool negative, Round mode) {
  switch (mode) {
    case NEAREST: return rest > half || (rest == half && (kept & 1));
    case UP: return rest && !negative;
    case DOWN: return rest && negative;
    default: return false;
  }
}

// Any double to E exponent and M mantissa bits. Overflow gives the pattern of infinity, whatever the format calls it.
template <int E, int M>
SIM_PLAIN inline uint32_t narrow(double d, Round mode = NEAREST) {
  constexpr int bias = (1 << (E - 1)) - 1;
  constexpr uint32_t infinity = ((1u << E) - 1) << M;
  uint64_t u = bits<uint64_t>(d), mantissa = u & ((1ull << 52) - 1);
  bool negative = u >> 63;
  uint32_t sign = (uint32_t)negative << (E + M);
  int exponent = (int)(u >> 52 & 2047);
  if (exponent == 2047) return mantissa ? infinity | ((1u << M) - 1) : sign | infinity;
  if (!(u << 1)) return sign;
  mantissa |= exponent ? 1ull << 52 : 0;
  int target = (exponent ? exponent : 1) - 1023 + bias;
  int drop = 52 - M + (target < 1 ? 1 - target : 0);
  if (drop > 60) drop = 60;
  uint64_t kept = mantissa >> drop, rest = mantissa & ((1ull << drop) - 1);
  kept += round_up(kept, rest, 1ull << (drop - 1), negative, mode);
  uint64_t r = target < 1 ? kept : kept + ((uint64_t)(target - 1) << M);
  if (r >= infinity) r = mode == NEAREST || (mode == UP && !negative) || (mode == DOWN && negative) ? infinity : infinity - 1;
  return sign | (uint32_t)r;
}

template <int E, int M>
SIM_PLAIN inline float widen(uint32_t x) {
  constexpr int bias = (1 << (E - 1)) - 1;
  uint32_t sign = (x >> (E + M) & 1) << 31, exponent = x >> M & ((1u << E) - 1), mantissa = x & ((1u << M) - 1);
  if (exponent == (1u << E) - 1) return bits<float>(mantissa ? 0x7fffffffu : sign | 0x7f800000u);
  if (exponent || E == 8) return bits<float>(sign | (exponent + 127 - bias) << 23 | mantissa << (23 - M));
  float f = (float)mantissa * bits<float>((uint32_t)(127 + 1 - bias - M) << 23);
  return bits<float>(sign | bits<uint32_t>(f));
}

// a * b + c as if with unlimited precision, to odd: rounding it once more gives the right result.
SIM_PLAIN inline double fused(double a, double b, double c) {
  double p = a * b, s = p + c;  // the product of two short mantissas is exact
  if (!(s - s == 0)) return s;
  double t = s - p, error = (p - (s - t)) + (c - t);
  uint64_t u = bits<uint64_t>(s);
  if (error == 0 || (u & 1) || s == 0) return s;
  return bits<double>((error > 0) == (s > 0) ? u + 1 : u - 1);
}
}  // namespace sim
