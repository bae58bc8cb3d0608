// __nv_bfloat16 and __nv_bfloat162: conversions rounded once, arithmetic as the hardware's.
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

struct __nv_bfloat16_raw {
  unsigned short x;
};
struct __nv_bfloat16 {
  uint16_t bits;
  __nv_bfloat16() = default;
  constexpr SIM_INLINE explicit __nv_bfloat16(sim::Bits b) : bits(b.value) {}
  SIM_INLINE __nv_bfloat16(__nv_bfloat16_raw r) : bits(r.x) {}
  SIM_INLINE __nv_bfloat16(float f) : bits((uint16_t)sim::narrow<8, 7>(f)) {}
  SIM_INLINE __nv_bfloat16(double d) : bits((uint16_t)sim::narrow<8, 7>(d)) {}
  template <class I, class = std::enable_if_t<std::is_integral_v<I>>>
  SIM_INLINE __nv_bfloat16(I i) : bits((uint16_t)sim::narrow<8, 7>((double)i)) {}
  SIM_INLINE operator float() const { return sim::widen<8, 7>(bits); }
  SIM_INLINE explicit operator int() const { return sim::saturate<int>((float)*this); }
  SIM_INLINE operator __nv_bfloat16_raw() const { return {bits}; }
};

struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;
  SIM_COPY(__nv_bfloat162, sim::Move4)
  SIM_INLINE __nv_bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) : x(a), y(b) {}
};

#define T __nv_bfloat16
#define T2 __nv_bfloat162
#define E 8
#define M 7
#define SIM_NARROW sim_narrow_bfloat16
#define SIM_CANONICAL sim_canonical_bfloat16
#define SIM_BELOW sim_below_bfloat16
#include "arithmetic.inc.h"
#undef T
#undef T2
#undef E
#undef M
#undef SIM_NARROW
#undef SIM_CANONICAL
#undef SIM_BELOW

SIM_INLINE __nv_bfloat16 __float2bfloat16(float f) { return __nv_bfloat16(f); }
SIM_INLINE __nv_bfloat16 __float2bfloat16_rn(float f) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>(f, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __float2bfloat16_rz(float f) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>(f, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __float2bfloat16_ru(float f) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>(f, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __float2bfloat16_rd(float f) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>(f, sim::DOWN)}); }
SIM_INLINE __nv_bfloat16 __double2bfloat16(double d) { return __nv_bfloat16(d); }
SIM_INLINE float __bfloat162float(__nv_bfloat16 h) { return h; }
SIM_INLINE __nv_bfloat16 __int2bfloat16_rn(int i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __int2bfloat16_rz(int i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __int2bfloat16_ru(int i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __int2bfloat16_rd(int i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::DOWN)}); }
SIM_INLINE int __bfloat162int_rn(__nv_bfloat16 h) { return sim::saturate<int>(std::nearbyint((float)h)); }
SIM_INLINE int __bfloat162int_rz(__nv_bfloat16 h) { return sim::saturate<int>(std::trunc((float)h)); }
SIM_INLINE int __bfloat162int_ru(__nv_bfloat16 h) { return sim::saturate<int>(std::ceil((float)h)); }
SIM_INLINE int __bfloat162int_rd(__nv_bfloat16 h) { return sim::saturate<int>(std::floor((float)h)); }
SIM_INLINE __nv_bfloat16 __uint2bfloat16_rn(unsigned i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __uint2bfloat16_rz(unsigned i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __uint2bfloat16_ru(unsigned i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __uint2bfloat16_rd(unsigned i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::DOWN)}); }
SIM_INLINE unsigned __bfloat162uint_rn(__nv_bfloat16 h) { return sim::saturate<unsigned>(std::nearbyint((float)h)); }
SIM_INLINE unsigned __bfloat162uint_rz(__nv_bfloat16 h) { return sim::saturate<unsigned>(std::trunc((float)h)); }
SIM_INLINE unsigned __bfloat162uint_ru(__nv_bfloat16 h) { return sim::saturate<unsigned>(std::ceil((float)h)); }
SIM_INLINE unsigned __bfloat162uint_rd(__nv_bfloat16 h) { return sim::saturate<unsigned>(std::floor((float)h)); }
SIM_INLINE __nv_bfloat16 __short2bfloat16_rn(short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __short2bfloat16_rz(short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __short2bfloat16_ru(short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __short2bfloat16_rd(short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::DOWN)}); }
SIM_INLINE short __bfloat162short_rn(__nv_bfloat16 h) { return sim::saturate<short>(std::nearbyint((float)h)); }
SIM_INLINE short __bfloat162short_rz(__nv_bfloat16 h) { return sim::saturate<short>(std::trunc((float)h)); }
SIM_INLINE short __bfloat162short_ru(__nv_bfloat16 h) { return sim::saturate<short>(std::ceil((float)h)); }
SIM_INLINE short __bfloat162short_rd(__nv_bfloat16 h) { return sim::saturate<short>(std::floor((float)h)); }
SIM_INLINE __nv_bfloat16 __ushort2bfloat16_rn(unsigned short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __ushort2bfloat16_rz(unsigned short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __ushort2bfloat16_ru(unsigned short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __ushort2bfloat16_rd(unsigned short i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::DOWN)}); }
SIM_INLINE unsigned short __bfloat162ushort_rn(__nv_bfloat16 h) { return sim::saturate<unsigned short>(std::nearbyint((float)h)); }
SIM_INLINE unsigned short __bfloat162ushort_rz(__nv_bfloat16 h) { return sim::saturate<unsigned short>(std::trunc((float)h)); }
SIM_INLINE unsigned short __bfloat162ushort_ru(__nv_bfloat16 h) { return sim::saturate<unsigned short>(std::ceil((float)h)); }
SIM_INLINE unsigned short __bfloat162ushort_rd(__nv_bfloat16 h) { return sim::saturate<unsigned short>(std::floor((float)h)); }
SIM_INLINE __nv_bfloat16 __ll2bfloat16_rn(long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __ll2bfloat16_rz(long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __ll2bfloat16_ru(long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __ll2bfloat16_rd(long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::DOWN)}); }
SIM_INLINE long long __bfloat162ll_rn(__nv_bfloat16 h) { return sim::saturate<long long>(std::nearbyint((float)h)); }
SIM_INLINE long long __bfloat162ll_rz(__nv_bfloat16 h) { return sim::saturate<long long>(std::trunc((float)h)); }
SIM_INLINE long long __bfloat162ll_ru(__nv_bfloat16 h) { return sim::saturate<long long>(std::ceil((float)h)); }
SIM_INLINE long long __bfloat162ll_rd(__nv_bfloat16 h) { return sim::saturate<long long>(std::floor((float)h)); }
SIM_INLINE __nv_bfloat16 __ull2bfloat16_rn(unsigned long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::NEAREST)}); }
SIM_INLINE __nv_bfloat16 __ull2bfloat16_rz(unsigned long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::ZERO)}); }
SIM_INLINE __nv_bfloat16 __ull2bfloat16_ru(unsigned long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::UP)}); }
SIM_INLINE __nv_bfloat16 __ull2bfloat16_rd(unsigned long long i) { return __nv_bfloat16(sim::Bits{(uint16_t)sim::narrow<8, 7>((double)i, sim::DOWN)}); }
SIM_INLINE unsigned long long __bfloat162ull_rn(__nv_bfloat16 h) { return sim::saturate<unsigned long long>(std::nearbyint((float)h)); }
SIM_INLINE unsigned long long __bfloat162ull_rz(__nv_bfloat16 h) { return sim::saturate<unsigned long long>(std::trunc((float)h)); }
SIM_INLINE unsigned long long __bfloat162ull_ru(__nv_bfloat16 h) { return sim::saturate<unsigned long long>(std::ceil((float)h)); }
SIM_INLINE unsigned long long __bfloat162ull_rd(__nv_bfloat16 h) { return sim::saturate<unsigned long long>(std::floor((float)h)); }
SIM_INLINE unsigned short __bfloat16_as_ushort(__nv_bfloat16 h) { return h.bits; }
SIM_INLINE short __bfloat16_as_short(__nv_bfloat16 h) { return (short)h.bits; }
SIM_INLINE __nv_bfloat16 __ushort_as_bfloat16(unsigned short i) { return __nv_bfloat16(sim::Bits{i}); }
SIM_INLINE __nv_bfloat16 __short_as_bfloat16(short i) { return __nv_bfloat16(sim::Bits{(uint16_t)i}); }
SIM_INLINE __nv_bfloat162 __float2bfloat162_rn(float f) { return __nv_bfloat162(__nv_bfloat16(f), __nv_bfloat16(f)); }
SIM_INLINE __nv_bfloat162 __floats2bfloat162_rn(float a, float b) { return __nv_bfloat162(__nv_bfloat16(a), __nv_bfloat16(b)); }
SIM_INLINE __nv_bfloat162 __float22bfloat162_rn(float2 f) { return __nv_bfloat162(__nv_bfloat16(f.x), __nv_bfloat16(f.y)); }
SIM_INLINE float2 __bfloat1622float2(__nv_bfloat162 h) { return float2(h.x, h.y); }
SIM_INLINE float __low2float(__nv_bfloat162 h) { return h.x; }
SIM_INLINE float __high2float(__nv_bfloat162 h) { return h.y; }
SIM_INLINE __nv_bfloat16 __low2bfloat16(__nv_bfloat162 h) { return h.x; }
SIM_INLINE __nv_bfloat16 __high2bfloat16(__nv_bfloat162 h) { return h.y; }
SIM_INLINE __nv_bfloat162 __low2bfloat162(__nv_bfloat162 h) { return __nv_bfloat162(h.x, h.x); }
SIM_INLINE __nv_bfloat162 __high2bfloat162(__nv_bfloat162 h) { return __nv_bfloat162(h.y, h.y); }
SIM_INLINE __nv_bfloat162 __lows2bfloat162(__nv_bfloat162 a, __nv_bfloat162 b) { return __nv_bfloat162(a.x, b.x); }
SIM_INLINE __nv_bfloat162 __highs2bfloat162(__nv_bfloat162 a, __nv_bfloat162 b) { return __nv_bfloat162(a.y, b.y); }
SIM_INLINE __nv_bfloat162 __lowhigh2highlow(__nv_bfloat162 h) { return __nv_bfloat162(h.y, h.x); }
SIM_INLINE __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return __nv_bfloat162(a, b); }
SIM_INLINE __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 a) { return __nv_bfloat162(a, a); }
SIM_INLINE __nv_bfloat162 make_bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return __nv_bfloat162(a, b); }
