// Functions that exist alike for __half and __nv_bfloat16. Included once for each, with T, T2, E and M defined.

SIM_INLINE T SIM_NARROW(double d) { return T(sim::Bits{(uint16_t)sim::narrow<E, M>(d)}); }

#define BINARY(name, expression)                                                            \
  SIM_INLINE T name(T a, T b) { float x = a, y = b; return SIM_NARROW(expression); }        \
  SIM_INLINE T2 name##2(T2 a, T2 b) { return T2(name(a.x, b.x), name(a.y, b.y)); }          \
  SIM_INLINE T name##_rn(T a, T b) { return name(a, b); }                                   \
  SIM_INLINE T2 name##2_rn(T2 a, T2 b) { return name##2(a, b); }                            \
  SIM_INLINE T name##_sat(T a, T b) { float x = a, y = b; return SIM_NARROW(__saturatef((float)SIM_NARROW(expression))); } \
  SIM_INLINE T2 name##2_sat(T2 a, T2 b) { return T2(name##_sat(a.x, b.x), name##_sat(a.y, b.y)); }
BINARY(__hadd, (double)x + y) BINARY(__hsub, (double)x - y) BINARY(__hmul, (double)x * y)
#undef BINARY
SIM_INLINE T __hdiv(T a, T b) { return SIM_NARROW((float)a / (float)b); }
SIM_INLINE T2 __h2div(T2 a, T2 b) { return T2(__hdiv(a.x, b.x), __hdiv(a.y, b.y)); }
SIM_INLINE T __hfma(T a, T b, T c) { return SIM_NARROW(sim::fused((float)a, (float)b, (float)c)); }
SIM_INLINE T2 __hfma2(T2 a, T2 b, T2 c) { return T2(__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)); }
SIM_INLINE T __hfma_relu(T a, T b, T c) { T r = __hfma(a, b, c); return (float)r < 0 ? T(sim::Bits{0}) : r; }
SIM_INLINE T __hneg(T a) { return T(sim::Bits{(uint16_t)(a.bits ^ 0x8000)}); }
SIM_INLINE T2 __hneg2(T2 a) { return T2(__hneg(a.x), __hneg(a.y)); }
SIM_INLINE T __habs(T a) { return T(sim::Bits{(uint16_t)(a.bits & 0x7fff)}); }
SIM_INLINE T2 __habs2(T2 a) { return T2(__habs(a.x), __habs(a.y)); }
SIM_INLINE bool __hisnan(T a) { return (float)a != (float)a; }
SIM_INLINE int __hisinf(T a) { float f = a; return f == INFINITY ? 1 : f == -INFINITY ? -1 : 0; }

#define COMPARE(name, op)                                                                           \
  SIM_INLINE bool name(T a, T b) { return (float)a op (float)b; }                                   \
  SIM_INLINE bool name##u(T a, T b) { return __hisnan(a) || __hisnan(b) || (float)a op (float)b; }  \
  SIM_INLINE T2 name##2(T2 a, T2 b) { return T2(T(name(a.x, b.x) ? 1.0f : 0.0f), T(name(a.y, b.y) ? 1.0f : 0.0f)); }
COMPARE(__heq, ==) COMPARE(__hle, <=) COMPARE(__hge, >=) COMPARE(__hlt, <) COMPARE(__hgt, >)
#undef COMPARE
SIM_INLINE bool __hne(T a, T b) { return !__hisnan(a) && !__hisnan(b) && (float)a != (float)b; }
SIM_INLINE bool __hneu(T a, T b) { return (float)a != (float)b; }
SIM_INLINE T2 __hne2(T2 a, T2 b) { return T2(T(__hne(a.x, b.x) ? 1.0f : 0.0f), T(__hne(a.y, b.y) ? 1.0f : 0.0f)); }
SIM_INLINE bool __hbeq2(T2 a, T2 b) { return __heq(a.x, b.x) && __heq(a.y, b.y); }
SIM_INLINE bool __hbgt2(T2 a, T2 b) { return __hgt(a.x, b.x) && __hgt(a.y, b.y); }
SIM_INLINE bool __hblt2(T2 a, T2 b) { return __hlt(a.x, b.x) && __hlt(a.y, b.y); }

// NaN loses against a number, -0 is below +0, and a NaN result is the canonical one.
SIM_INLINE T SIM_CANONICAL() { return T(sim::Bits{0x7fff}); }
SIM_INLINE bool SIM_BELOW(T a, T b) { return (float)a < (float)b || ((float)a == (float)b && (a.bits >> 15) > (b.bits >> 15)); }
SIM_INLINE T __hmin(T a, T b) { return __hisnan(a) ? (__hisnan(b) ? SIM_CANONICAL() : b) : __hisnan(b) ? a : SIM_BELOW(b, a) ? b : a; }
SIM_INLINE T __hmax(T a, T b) { return __hisnan(a) ? (__hisnan(b) ? SIM_CANONICAL() : b) : __hisnan(b) ? a : SIM_BELOW(a, b) ? b : a; }
SIM_INLINE T __hmin_nan(T a, T b) { return __hisnan(a) || __hisnan(b) ? SIM_CANONICAL() : __hmin(a, b); }
SIM_INLINE T __hmax_nan(T a, T b) { return __hisnan(a) || __hisnan(b) ? SIM_CANONICAL() : __hmax(a, b); }
SIM_INLINE T2 __hmin2(T2 a, T2 b) { return T2(__hmin(a.x, b.x), __hmin(a.y, b.y)); }
SIM_INLINE T2 __hmax2(T2 a, T2 b) { return T2(__hmax(a.x, b.x), __hmax(a.y, b.y)); }
SIM_INLINE T2 __hmin2_nan(T2 a, T2 b) { return T2(__hmin_nan(a.x, b.x), __hmin_nan(a.y, b.y)); }
SIM_INLINE T2 __hmax2_nan(T2 a, T2 b) { return T2(__hmax_nan(a.x, b.x), __hmax_nan(a.y, b.y)); }

#define UNARY(name, expression)                                                     \
  SIM_INLINE T h##name(T a) { double x = (float)a; return SIM_NARROW(expression); } \
  SIM_INLINE T2 h2##name(T2 a) { return T2(h##name(a.x), h##name(a.y)); }
UNARY(exp, exp(x)) UNARY(exp2, exp2(x)) UNARY(exp10, pow(10.0, x)) UNARY(log, log(x)) UNARY(log2, log2(x)) UNARY(log10, log10(x))
UNARY(sqrt, sqrt(x)) UNARY(rsqrt, 1.0 / sqrt(x)) UNARY(rcp, 1.0 / x) UNARY(sin, sin(x)) UNARY(cos, cos(x)) UNARY(tanh, tanh(x))
UNARY(floor, floor(x)) UNARY(ceil, ceil(x)) UNARY(trunc, trunc(x)) UNARY(rint, nearbyint(x))
#undef UNARY
SIM_INLINE T htanh_approx(T a) { return htanh(a); }

SIM_INLINE T operator+(const T& a, const T& b) { return __hadd(a, b); }
SIM_INLINE T operator-(const T& a, const T& b) { return __hsub(a, b); }
SIM_INLINE T operator*(const T& a, const T& b) { return __hmul(a, b); }
SIM_INLINE T operator/(const T& a, const T& b) { return __hdiv(a, b); }
SIM_INLINE T& operator+=(T& a, const T& b) { return a = a + b; }
SIM_INLINE T& operator-=(T& a, const T& b) { return a = a - b; }
SIM_INLINE T& operator*=(T& a, const T& b) { return a = a * b; }
SIM_INLINE T& operator/=(T& a, const T& b) { return a = a / b; }
SIM_INLINE T operator-(const T& a) { return __hneg(a); }
SIM_INLINE T operator+(const T& a) { return a; }
SIM_INLINE bool operator==(const T& a, const T& b) { return __heq(a, b); }
SIM_INLINE bool operator!=(const T& a, const T& b) { return __hneu(a, b); }
SIM_INLINE bool operator<(const T& a, const T& b) { return __hlt(a, b); }
SIM_INLINE bool operator<=(const T& a, const T& b) { return __hle(a, b); }
SIM_INLINE bool operator>(const T& a, const T& b) { return __hgt(a, b); }
SIM_INLINE bool operator>=(const T& a, const T& b) { return __hge(a, b); }
SIM_INLINE T2 operator+(const T2& a, const T2& b) { return __hadd2(a, b); }
SIM_INLINE T2 operator-(const T2& a, const T2& b) { return __hsub2(a, b); }
SIM_INLINE T2 operator*(const T2& a, const T2& b) { return __hmul2(a, b); }
SIM_INLINE T2 operator/(const T2& a, const T2& b) { return __h2div(a, b); }
SIM_INLINE T2& operator+=(T2& a, const T2& b) { return a = a + b; }
SIM_INLINE T2& operator*=(T2& a, const T2& b) { return a = a * b; }
SIM_INLINE T2 operator-(const T2& a) { return __hneg2(a); }
