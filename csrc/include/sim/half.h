// __half and __half2: conversions rounded once, arithmetic as the hardware's.
#pragma once
#include "small.h"

#ifndef SIM_BITS
#define SIM_BITS
namespace sim {
struct Bits {
  uint16_t value;
};
}  // namespace sim
#endif

struct __half_raw {
  unsigned short x;
};
struct __half {
  uint16_t bits;
  __half() = default;
  constexpr SIM_INLINE explicit __half(sim::Bits b) : bits(b.value) {}
  SIM_INLINE __half(__half_raw r) : bits(r.x) {}
  SIM_INLINE __half(float f) : bits((uint16_t)sim::narrow<5, 10>(f)) {}
  SIM_INLINE __half(double d) : bits((uint16_t)sim::narrow<5, 10>(d)) {}
  template <class I, class = std::enable_if_t<std::is_integral_v<I>>>
  SIM_INLINE __half(I i) : bits((uint16_t)sim::narrow<5, 10>((double)i)) {}
  SIM_INLINE operator float() const { return sim::widen<5, 10>(bits); }
  SIM_INLINE explicit operator int() const { return sim::saturate<int>((float)*this); }
  SIM_INLINE operator __half_raw() const { return {bits}; }
};

struct alignas(4) __half2 {
  __half x, y;
  SIM_COPY(__half2, sim::Move4)
  SIM_INLINE __half2(__half a, __half b) : x(a), y(b) {}
};

#define T __half
#define T2 __half2
#define E 5
#define M 10
#define SIM_NARROW sim_narrow_half
#define SIM_CANONICAL sim_canonical_half
#define SIM_BELOW sim_below_half
#include "arithmetic.inc.h"
#undef T
#undef T2
#undef E
#undef M
#undef SIM_NARROW
#undef SIM_CANONICAL
#undef SIM_BELOW

SIM_INLINE __half __float2half(float f) { return __half(f); }
SIM_INLINE __half __float2half_rn(float f) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>(f, sim::NEAREST)}); }
SIM_INLINE __half __float2half_rz(float f) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>(f, sim::ZERO)}); }
SIM_INLINE __half __float2half_ru(float f) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>(f, sim::UP)}); }
SIM_INLINE __half __float2half_rd(float f) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>(f, sim::DOWN)}); }
SIM_INLINE __half __double2half(double d) { return __half(d); }
SIM_INLINE float __half2float(__half h) { return h; }
SIM_INLINE __half __int2half_rn(int i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::NEAREST)}); }
SIM_INLINE __half __int2half_rz(int i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::ZERO)}); }
SIM_INLINE __half __int2half_ru(int i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::UP)}); }
SIM_INLINE __half __int2half_rd(int i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::DOWN)}); }
SIM_INLINE int __half2int_rn(__half h) { return sim::saturate<int>(std::nearbyint((float)h)); }
SIM_INLINE int __half2int_rz(__half h) { return sim::saturate<int>(std::trunc((float)h)); }
SIM_INLINE int __half2int_ru(__half h) { return sim::saturate<int>(std::ceil((float)h)); }
SIM_INLINE int __half2int_rd(__half h) { return sim::saturate<int>(std::floor((float)h)); }
SIM_INLINE __half __uint2half_rn(unsigned i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::NEAREST)}); }
SIM_INLINE __half __uint2half_rz(unsigned i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::ZERO)}); }
SIM_INLINE __half __uint2half_ru(unsigned i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::UP)}); }
SIM_INLINE __half __uint2half_rd(unsigned i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::DOWN)}); }
SIM_INLINE unsigned __half2uint_rn(__half h) { return sim::saturate<unsigned>(std::nearbyint((float)h)); }
SIM_INLINE unsigned __half2uint_rz(__half h) { return sim::saturate<unsigned>(std::trunc((float)h)); }
SIM_INLINE unsigned __half2uint_ru(__half h) { return sim::saturate<unsigned>(std::ceil((float)h)); }
SIM_INLINE unsigned __half2uint_rd(__half h) { return sim::saturate<unsigned>(std::floor((float)h)); }
SIM_INLINE __half __short2half_rn(short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::NEAREST)}); }
SIM_INLINE __half __short2half_rz(short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::ZERO)}); }
SIM_INLINE __half __short2half_ru(short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::UP)}); }
SIM_INLINE __half __short2half_rd(short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::DOWN)}); }
SIM_INLINE short __half2short_rn(__half h) { return sim::saturate<short>(std::nearbyint((float)h)); }
SIM_INLINE short __half2short_rz(__half h) { return sim::saturate<short>(std::trunc((float)h)); }
SIM_INLINE short __half2short_ru(__half h) { return sim::saturate<short>(std::ceil((float)h)); }
SIM_INLINE short __half2short_rd(__half h) { return sim::saturate<short>(std::floor((float)h)); }
SIM_INLINE __half __ushort2half_rn(unsigned short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::NEAREST)}); }
SIM_INLINE __half __ushort2half_rz(unsigned short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::ZERO)}); }
SIM_INLINE __half __ushort2half_ru(unsigned short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::UP)}); }
SIM_INLINE __half __ushort2half_rd(unsigned short i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::DOWN)}); }
SIM_INLINE unsigned short __half2ushort_rn(__half h) { return sim::saturate<unsigned short>(std::nearbyint((float)h)); }
SIM_INLINE unsigned short __half2ushort_rz(__half h) { return sim::saturate<unsigned short>(std::trunc((float)h)); }
SIM_INLINE unsigned short __half2ushort_ru(__half h) { return sim::saturate<unsigned short>(std::ceil((float)h)); }
SIM_INLINE unsigned short __half2ushort_rd(__half h) { return sim::saturate<unsigned short>(std::floor((float)h)); }
SIM_INLINE __half __ll2half_rn(long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::NEAREST)}); }
SIM_INLINE __half __ll2half_rz(long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::ZERO)}); }
SIM_INLINE __half __ll2half_ru(long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::UP)}); }
SIM_INLINE __half __ll2half_rd(long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::DOWN)}); }
SIM_INLINE long long __half2ll_rn(__half h) { return sim::saturate<long long>(std::nearbyint((float)h)); }
SIM_INLINE long long __half2ll_rz(__half h) { return sim::saturate<long long>(std::trunc((float)h)); }
SIM_INLINE long long __half2ll_ru(__half h) { return sim::saturate<long long>(std::ceil((float)h)); }
SIM_INLINE long long __half2ll_rd(__half h) { return sim::saturate<long long>(std::floor((float)h)); }
SIM_INLINE __half __ull2half_rn(unsigned long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::NEAREST)}); }
SIM_INLINE __half __ull2half_rz(unsigned long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::ZERO)}); }
SIM_INLINE __half __ull2half_ru(unsigned long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::UP)}); }
SIM_INLINE __half __ull2half_rd(unsigned long long i) { return __half(sim::Bits{(uint16_t)sim::narrow<5, 10>((double)i, sim::DOWN)}); }
SIM_INLINE unsigned long long __half2ull_rn(__half h) { return sim::saturate<unsigned long long>(std::nearbyint((float)h)); }
SIM_INLINE unsigned long long __half2ull_rz(__half h) { return sim::saturate<unsigned long long>(std::trunc((float)h)); }
SIM_INLINE unsigned long long __half2ull_ru(__half h) { return sim::saturate<unsigned long long>(std::ceil((float)h)); }
SIM_INLINE unsigned long long __half2ull_rd(__half h) { return sim::saturate<unsigned long long>(std::floor((float)h)); }
SIM_INLINE unsigned short __half_as_ushort(__half h) { return h.bits; }
SIM_INLINE short __half_as_short(__half h) { return (short)h.bits; }
SIM_INLINE __half __ushort_as_half(unsigned short i) { return __half(sim::Bits{i}); }
SIM_INLINE __half __short_as_half(short i) { return __half(sim::Bits{(uint16_t)i}); }
SIM_INLINE __half2 __float2half2_rn(float f) { return __half2(__half(f), __half(f)); }
SIM_INLINE __half2 __floats2half2_rn(float a, float b) { return __half2(__half(a), __half(b)); }
SIM_INLINE __half2 __float22half2_rn(float2 f) { return __half2(__half(f.x), __half(f.y)); }
SIM_INLINE float2 __half22float2(__half2 h) { return float2(h.x, h.y); }
SIM_INLINE float __low2float(__half2 h) { return h.x; }
SIM_INLINE float __high2float(__half2 h) { return h.y; }
SIM_INLINE __half __low2half(__half2 h) { return h.x; }
SIM_INLINE __half __high2half(__half2 h) { return h.y; }
SIM_INLINE __half2 __low2half2(__half2 h) { return __half2(h.x, h.x); }
SIM_INLINE __half2 __high2half2(__half2 h) { return __half2(h.y, h.y); }
SIM_INLINE __half2 __lows2half2(__half2 a, __half2 b) { return __half2(a.x, b.x); }
SIM_INLINE __half2 __highs2half2(__half2 a, __half2 b) { return __half2(a.y, b.y); }
SIM_INLINE __half2 __lowhigh2highlow(__half2 h) { return __half2(h.y, h.x); }
SIM_INLINE __half2 __halves2half2(__half a, __half b) { return __half2(a, b); }
SIM_INLINE __half2 __half2half2(__half a) { return __half2(a, a); }
SIM_INLINE __half2 make_half2(__half a, __half b) { return __half2(a, b); }
