// Math functions and integer intrinsics that CUDA adds to <cmath>.
#pragma once
#include "core.h"

using std::abs;  // CUDA has abs, min and max for every arithmetic type in the global namespace
using std::isfinite;
using std::isinf;
using std::isnan;
using std::signbit;

#define SIM_MATH1(name, expression) SIM_INLINE float name(float x) { return expression; }
#define SIM_MATH2(name, expression) SIM_INLINE float name(float x, float y) { return expression; }
SIM_MATH1(rsqrtf, 1.0f / sqrtf(x)) SIM_MATH1(rcbrtf, 1.0f / cbrtf(x)) SIM_MATH1(__saturatef, !(x > 0) ? 0 : x > 1 ? 1 : x)
SIM_MATH1(__expf, expf(x)) SIM_MATH1(__exp10f, powf(10.0f, x)) SIM_MATH1(__logf, logf(x)) SIM_MATH1(__log2f, log2f(x))
SIM_MATH1(__log10f, log10f(x)) SIM_MATH1(__sinf, sinf(x)) SIM_MATH1(__cosf, cosf(x)) SIM_MATH1(__tanf, tanf(x))
SIM_MATH1(__tanhf, tanhf(x)) SIM_MATH1(exp10f, powf(10.0f, x)) SIM_MATH1(normcdff, 0.5f * erfcf(-x * 0.70710678118654752f))
SIM_MATH1(sinpif, (float)sin(3.14159265358979323846 * x)) SIM_MATH1(cospif, (float)cos(3.14159265358979323846 * x))
SIM_MATH1(__fsqrt_rn, sqrtf(x)) SIM_MATH1(__frcp_rn, 1.0f / x) SIM_MATH1(__frsqrt_rn, 1.0f / sqrtf(x))
SIM_MATH2(__fdividef, x / y) SIM_MATH2(__powf, powf(x, y)) SIM_MATH2(__fadd_rn, x + y) SIM_MATH2(__fsub_rn, x - y)
SIM_MATH2(__fmul_rn, x * y) SIM_MATH2(__fdiv_rn, x / y) SIM_MATH2(fdividef, x / y)
#undef SIM_MATH1
#undef SIM_MATH2
SIM_INLINE float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
SIM_INLINE void __sincosf(float x, float* s, float* c) { *s = sinf(x), *c = cosf(x); }
SIM_INLINE void sincospif(float x, float* s, float* c) { *s = sinpif(x), *c = cospif(x); }
SIM_INLINE double rsqrt(double x) { return 1.0 / sqrt(x); }
SIM_INLINE double rcbrt(double x) { return 1.0 / cbrt(x); }
SIM_INLINE double exp10(float x) { return pow(10.0, x); }
SIM_INLINE double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
SIM_INLINE double __dadd_rn(double a, double b) { return a + b; }
SIM_INLINE double __dmul_rn(double a, double b) { return a * b; }
SIM_INLINE double __dsqrt_rn(double a) { return sqrt(a); }
SIM_INLINE double __ddiv_rn(double a, double b) { return a / b; }
SIM_INLINE double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
SIM_INLINE float norm3df(float a, float b, float c) { return sqrtf(a * a + b * b + c * c); }
SIM_INLINE float norm4df(float a, float b, float c, float d) { return sqrtf(a * a + b * b + c * c + d * d); }
SIM_INLINE float rnorm3df(float a, float b, float c) { return 1.0f / norm3df(a, b, c); }

namespace sim {
template <class To, class From>
SIM_INLINE To bits(From f) {
  static_assert(sizeof(To) == sizeof(From));
  To t;
  __builtin_memcpy(&t, &f, sizeof t);
  return t;
}
// CUDA's float-to-integer conversions saturate, and NaN becomes 0.
template <class I, class F>
SIM_INLINE I saturate(F f) {
  if (f != f) return 0;
  if (f >= -(F)std::numeric_limits<I>::min() && std::is_signed_v<I>) return std::numeric_limits<I>::max();
  if (f <= (F)std::numeric_limits<I>::min()) return std::numeric_limits<I>::min();
  if (!std::is_signed_v<I> && f >= (F)std::numeric_limits<I>::max()) return std::numeric_limits<I>::max();
  return (I)f;
}
}  // namespace sim

SIM_INLINE int __float_as_int(float f) { return sim::bits<int>(f); }
SIM_INLINE unsigned __float_as_uint(float f) { return sim::bits<unsigned>(f); }
SIM_INLINE float __int_as_float(int i) { return sim::bits<float>(i); }
SIM_INLINE float __uint_as_float(unsigned i) { return sim::bits<float>(i); }
SIM_INLINE long long __double_as_longlong(double d) { return sim::bits<long long>(d); }
SIM_INLINE double __longlong_as_double(long long i) { return sim::bits<double>(i); }
SIM_INLINE int __double2hiint(double d) { return (int)(sim::bits<uint64_t>(d) >> 32); }
SIM_INLINE int __double2loint(double d) { return (int)sim::bits<uint64_t>(d); }
SIM_INLINE double __hiloint2double(int hi, int lo) { return sim::bits<double>((uint64_t)(unsigned)hi << 32 | (unsigned)lo); }
#define SIM_ROUND(suffix, f)                                                                                     \
  SIM_INLINE int __float2int_##suffix(float x) { return sim::saturate<int>(f(x)); }                              \
  SIM_INLINE unsigned __float2uint_##suffix(float x) { return sim::saturate<unsigned>(f(x)); }                   \
  SIM_INLINE long long __float2ll_##suffix(float x) { return sim::saturate<long long>(f(x)); }                   \
  SIM_INLINE int __double2int_##suffix(double x) { return sim::saturate<int>(f(x)); }                            \
  SIM_INLINE unsigned __double2uint_##suffix(double x) { return sim::saturate<unsigned>(f(x)); }                 \
  SIM_INLINE long long __double2ll_##suffix(double x) { return sim::saturate<long long>(f(x)); }
SIM_ROUND(rn, std::nearbyint) SIM_ROUND(rz, std::trunc) SIM_ROUND(ru, std::ceil) SIM_ROUND(rd, std::floor)
#undef SIM_ROUND
SIM_INLINE float __int2float_rn(int x) { return (float)x; }
SIM_INLINE float __uint2float_rn(unsigned x) { return (float)x; }
SIM_INLINE float __ll2float_rn(long long x) { return (float)x; }
SIM_INLINE float __ull2float_rn(unsigned long long x) { return (float)x; }
SIM_INLINE double __int2double_rn(int x) { return x; }
SIM_INLINE double __uint2double_rn(unsigned x) { return x; }
SIM_INLINE double __ll2double_rn(long long x) { return (double)x; }
SIM_INLINE float __double2float_rn(double x) { return (float)x; }

SIM_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
SIM_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
SIM_INLINE int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
SIM_INLINE int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
SIM_INLINE int __ffs(int x) { return __builtin_ffs(x); }
SIM_INLINE int __ffsll(long long x) { return __builtin_ffsll(x); }
SIM_INLINE unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
}
SIM_INLINE unsigned long long __brevll(unsigned long long x) { return (unsigned long long)__brev((unsigned)x) << 32 | __brev((unsigned)(x >> 32)); }
SIM_INLINE int __mulhi(int a, int b) { return (int)(((long long)a * b) >> 32); }
SIM_INLINE unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
SIM_INLINE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)(((unsigned __int128)a * b) >> 64); }
SIM_INLINE long long __mul64hi(long long a, long long b) { return (long long)(((__int128)a * b) >> 64); }
SIM_INLINE int __mul24(int a, int b) { return ((a << 8) >> 8) * ((b << 8) >> 8); }
SIM_INLINE unsigned __umul24(unsigned a, unsigned b) { return (a & 0xffffff) * (b & 0xffffff); }
SIM_INLINE int __hadd(int a, int b) { return (int)(((long long)a + b) >> 1); }
SIM_INLINE int __rhadd(int a, int b) { return (int)(((long long)a + b + 1) >> 1); }
SIM_INLINE unsigned __sad(int a, int b, unsigned c) { return (unsigned)(a < b ? (long long)b - a : (long long)a - b) + c; }
SIM_INLINE unsigned __usad(unsigned a, unsigned b, unsigned c) { return (a < b ? b - a : a - b) + c; }
SIM_INLINE unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned s) { return (unsigned)((((uint64_t)hi << 32 | lo) << (s & 31)) >> 32); }
SIM_INLINE unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned s) { return (unsigned)(((uint64_t)hi << 32 | lo) >> (s & 31)); }
SIM_INLINE unsigned __byte_perm(unsigned a, unsigned b, unsigned s) {
  uint64_t v = (uint64_t)b << 32 | a;
  unsigned r = 0;
  for (int i = 0; i < 4; i++) {
    unsigned k = s >> 4 * i & 15, byte = (unsigned)(v >> 8 * (k & 7)) & 255;
    r |= (k & 8 ? (byte & 128 ? 255u : 0u) : byte) << 8 * i;
  }
  return r;
}
SIM_INLINE int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; i++) c = (int)((unsigned)c + (unsigned)((int)(signed char)(a >> 8 * i) * (int)(signed char)(b >> 8 * i)));
  return c;
}
SIM_INLINE unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
  for (int i = 0; i < 4; i++) c += (a >> 8 * i & 255) * (b >> 8 * i & 255);
  return c;
}

template <class T> SIM_INLINE T __ldg(const T* p) { return *p; }
template <class T> SIM_INLINE T __ldca(const T* p) { return *p; }
template <class T> SIM_INLINE T __ldcg(const T* p) { return *p; }
template <class T> SIM_INLINE T __ldcs(const T* p) { return *p; }
template <class T> SIM_INLINE T __ldlu(const T* p) { return *p; }
template <class T> SIM_INLINE T __ldcv(const T* p) { return *p; }
template <class T> SIM_INLINE void __stwb(T* p, T v) { *p = v; }
template <class T> SIM_INLINE void __stcg(T* p, T v) { *p = v; }
template <class T> SIM_INLINE void __stcs(T* p, T v) { *p = v; }
template <class T> SIM_INLINE void __stwt(T* p, T v) { *p = v; }

// The pairs of types that CUDA has, so that what is ambiguous there is ambiguous here.
#define SIM_EXTREMES(R, A, B)                                                                              \
  constexpr SIM_INLINE R min(A a, B b) { return (R)a != (R)a ? (R)b : (R)b < (R)a ? (R)b : (R)a; }         \
  constexpr SIM_INLINE R max(A a, B b) { return (R)a != (R)a ? (R)b : (R)a < (R)b ? (R)b : (R)a; }
#define SIM_INTEGERS(S, U) SIM_EXTREMES(S, S, S) SIM_EXTREMES(U, U, U) SIM_EXTREMES(U, S, U) SIM_EXTREMES(U, U, S)
SIM_INTEGERS(int, unsigned) SIM_INTEGERS(long, unsigned long) SIM_INTEGERS(long long, unsigned long long)
SIM_EXTREMES(float, float, float) SIM_EXTREMES(double, double, double)
SIM_EXTREMES(double, float, double) SIM_EXTREMES(double, double, float)
#undef SIM_INTEGERS
#undef SIM_EXTREMES
SIM_INLINE unsigned umin(unsigned a, unsigned b) { return a < b ? a : b; }
SIM_INLINE unsigned umax(unsigned a, unsigned b) { return a < b ? b : a; }

SIM_INLINE size_t __cvta_generic_to_shared(const void* p) { return sim_shared_offset(p); }
#define __builtin_assume(e) ((void)0)
#define __assume(e) ((void)0)
