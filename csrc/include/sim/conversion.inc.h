// Conversions of one 16-bit type: included once for each, with T, T2, NAME, E and M defined.

SIM_INLINE T SIM_JOIN(__float2, NAME, )(float f) { return T(f); }
SIM_INLINE T SIM_JOIN(__double2, NAME, )(double d) { return T(d); }
SIM_INLINE float SIM_JOIN(__, NAME, 2float)(T h) { return h; }

#define ROUNDED(from, Type, suffix, mode) \
  SIM_INLINE T SIM_JOIN(__##from##2, NAME, suffix)(Type v) { return T(sim::Bits{(uint16_t)sim::narrow<E, M>((double)v, mode)}); }
#define EACH_WAY(from, Type)                                                         \
  ROUNDED(from, Type, _rn, sim::NEAREST) ROUNDED(from, Type, _rz, sim::ZERO)         \
  ROUNDED(from, Type, _ru, sim::UP) ROUNDED(from, Type, _rd, sim::DOWN)
EACH_WAY(float, float) EACH_WAY(int, int) EACH_WAY(uint, unsigned) EACH_WAY(short, short) EACH_WAY(ushort, unsigned short)
EACH_WAY(ll, long long) EACH_WAY(ull, unsigned long long)
#undef EACH_WAY
#undef ROUNDED

#define TO_INTEGER(to, Type)                                                                                             \
  SIM_INLINE Type SIM_JOIN(__, NAME, 2##to##_rn)(T h) { return sim::saturate<Type>(std::nearbyint((float)h)); }          \
  SIM_INLINE Type SIM_JOIN(__, NAME, 2##to##_rz)(T h) { return sim::saturate<Type>(std::trunc((float)h)); }              \
  SIM_INLINE Type SIM_JOIN(__, NAME, 2##to##_ru)(T h) { return sim::saturate<Type>(std::ceil((float)h)); }               \
  SIM_INLINE Type SIM_JOIN(__, NAME, 2##to##_rd)(T h) { return sim::saturate<Type>(std::floor((float)h)); }
TO_INTEGER(int, int) TO_INTEGER(uint, unsigned) TO_INTEGER(short, short) TO_INTEGER(ushort, unsigned short)
TO_INTEGER(ll, long long) TO_INTEGER(ull, unsigned long long)
#undef TO_INTEGER

SIM_INLINE unsigned short SIM_JOIN(__, NAME, _as_ushort)(T h) { return h.bits; }
SIM_INLINE short SIM_JOIN(__, NAME, _as_short)(T h) { return (short)h.bits; }
SIM_INLINE T SIM_JOIN(__ushort_as_, NAME, )(unsigned short i) { return T(sim::Bits{i}); }
SIM_INLINE T SIM_JOIN(__short_as_, NAME, )(short i) { return T(sim::Bits{(uint16_t)i}); }

SIM_INLINE T2 SIM_JOIN(__float2, NAME, 2_rn)(float f) { return T2(T(f), T(f)); }
SIM_INLINE T2 SIM_JOIN(__floats2, NAME, 2_rn)(float a, float b) { return T2(T(a), T(b)); }
SIM_INLINE T2 SIM_JOIN(__float22, NAME, 2_rn)(float2 f) { return T2(T(f.x), T(f.y)); }
SIM_INLINE float2 SIM_JOIN(__, NAME, 22float2)(T2 h) { return float2(h.x, h.y); }
SIM_INLINE float __low2float(T2 h) { return h.x; }
SIM_INLINE float __high2float(T2 h) { return h.y; }
SIM_INLINE T SIM_JOIN(__low2, NAME, )(T2 h) { return h.x; }
SIM_INLINE T SIM_JOIN(__high2, NAME, )(T2 h) { return h.y; }
SIM_INLINE T2 SIM_JOIN(__low2, NAME, 2)(T2 h) { return T2(h.x, h.x); }
SIM_INLINE T2 SIM_JOIN(__high2, NAME, 2)(T2 h) { return T2(h.y, h.y); }
SIM_INLINE T2 SIM_JOIN(__lows2, NAME, 2)(T2 a, T2 b) { return T2(a.x, b.x); }
SIM_INLINE T2 SIM_JOIN(__highs2, NAME, 2)(T2 a, T2 b) { return T2(a.y, b.y); }
SIM_INLINE T2 __lowhigh2highlow(T2 h) { return T2(h.y, h.x); }
SIM_INLINE T2 SIM_JOIN(__halves2, NAME, 2)(T a, T b) { return T2(a, b); }
SIM_INLINE T2 SIM_JOIN(SIM_JOIN2(__, NAME), 2, SIM_JOIN2(NAME, 2))(T a) { return T2(a, a); }
SIM_INLINE T2 SIM_JOIN(make_, NAME, 2)(T a, T b) { return T2(a, b); }
