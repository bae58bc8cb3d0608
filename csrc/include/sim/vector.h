// float4 and its kin. A copy of 8 or 16 bytes is one move, so that the checker sees one access as the hardware does.
#pragma once
#include "core.h"

namespace sim {
typedef int Move16 __attribute__((vector_size(16), may_alias));
typedef long long Move8 __attribute__((may_alias));
typedef int Move4 __attribute__((may_alias));
typedef short Move2 __attribute__((may_alias));
}  // namespace sim

#define SIM_COPY(N, Move)                                                 \
  N() = default;                                                          \
  SIM_INLINE N(const N& o) { *(Move*)this = *(const Move*)&o; }           \
  SIM_INLINE N& operator=(const N& o) {                                   \
    *(Move*)this = *(const Move*)&o;                                      \
    return *this;                                                         \
  }                                                                       \
  SIM_INLINE N(const volatile N& o) { *(Move*)this = *(const volatile Move*)&o; }

#define SIM_VECTOR1(N, T)                       \
  struct N { T x; };                            \
  SIM_INLINE N make_##N(T x) { return N{x}; }
#define SIM_VECTOR2(N, T, Move)                                  \
  struct alignas(2 * sizeof(T)) N {                              \
    T x, y;                                                      \
    SIM_COPY(N, Move)                                            \
    constexpr N(T a, T b) : x(a), y(b) {}                        \
  };                                                             \
  SIM_INLINE N make_##N(T x, T y) { return N(x, y); }
#define SIM_VECTOR3(N, T)                                        \
  struct N { T x, y, z; };                                       \
  SIM_INLINE N make_##N(T x, T y, T z) { return N{x, y, z}; }
#define SIM_VECTOR4(N, T, Move)                                  \
  struct alignas(4 * sizeof(T)) N {                              \
    T x, y, z, w;                                                \
    SIM_COPY(N, Move)                                            \
    constexpr N(T a, T b, T c, T d) : x(a), y(b), z(c), w(d) {}  \
  };                                                             \
  SIM_INLINE N make_##N(T x, T y, T z, T w) { return N(x, y, z, w); }
#define SIM_WIDE4(N, T) /* 32 bytes: two moves of 16, as in hardware */ \
  struct alignas(16) N { T x, y, z, w; };                        \
  SIM_INLINE N make_##N(T x, T y, T z, T w) { return N{x, y, z, w}; }

#define SIM_SMALL(N, T, M2, M4) SIM_VECTOR1(N##1, T) SIM_VECTOR2(N##2, T, M2) SIM_VECTOR3(N##3, T) SIM_VECTOR4(N##4, T, M4)
SIM_SMALL(char, signed char, sim::Move2, sim::Move4)
SIM_SMALL(uchar, unsigned char, sim::Move2, sim::Move4)
SIM_SMALL(short, short, sim::Move4, sim::Move8)
SIM_SMALL(ushort, unsigned short, sim::Move4, sim::Move8)
SIM_SMALL(int, int, sim::Move8, sim::Move16)
SIM_SMALL(float, float, sim::Move8, sim::Move16)
SIM_VECTOR1(uint1, unsigned) SIM_VECTOR2(uint2, unsigned, sim::Move8) SIM_VECTOR4(uint4, unsigned, sim::Move16)
SIM_INLINE uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return uint3{x, y, z}; }
#define SIM_LARGE(N, T) SIM_VECTOR1(N##1, T) SIM_VECTOR2(N##2, T, sim::Move16) SIM_VECTOR3(N##3, T) SIM_WIDE4(N##4, T)
SIM_LARGE(double, double) SIM_LARGE(longlong, long long) SIM_LARGE(ulonglong, unsigned long long)
SIM_LARGE(long, long) SIM_LARGE(ulong, unsigned long)
#undef SIM_VECTOR1
#undef SIM_VECTOR2
#undef SIM_VECTOR3
#undef SIM_VECTOR4
#undef SIM_WIDE4
#undef SIM_SMALL
#undef SIM_LARGE
