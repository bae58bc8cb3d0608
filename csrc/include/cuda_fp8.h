// fp8: e4m3 has no infinity and one NaN (0x7f), e5m2 is a short half. Conversions saturate to the largest finite value.
#pragma once
#include "cuda_bf16.h"
#include "cuda_fp16.h"

typedef unsigned char __nv_fp8_storage_t;
typedef unsigned short __nv_fp8x2_storage_t;
typedef unsigned int __nv_fp8x4_storage_t;
enum __nv_saturation_t { __NV_NOSAT, __NV_SATFINITE };
enum __nv_fp8_interpretation_t { __NV_E4M3, __NV_E5M2 };

namespace sim {
SIM_INLINE uint8_t to_e4m3(double d, bool saturate) {
  if (d != d) return 0x7f;
  uint8_t sign = std::signbit(d) ? 0x80 : 0;
  double a = std::fabs(d);
  if (a > 464.0) return sign | (saturate ? 0x7e : 0x7f);
  if (a >= 448.0) return sign | 0x7e;
  return (uint8_t)(sign | narrow<5, 3>(a * 0x1p-8));  // the same bits as a format with bias 15, eight binades up
}
SIM_INLINE uint8_t to_e5m2(double d, bool saturate) {
  if (d != d) return 0x7f;
  uint8_t r = (uint8_t)narrow<5, 2>(d);
  return saturate && (r & 0x7f) == 0x7c ? (uint8_t)((r & 0x80) | 0x7b) : r;
}
SIM_INLINE float from_e4m3(uint8_t x) {
  if ((x & 0x7f) == 0x7f) return bits<float>(0x7fffffffu);
  int exponent = x >> 3 & 15, mantissa = x & 7;
  float f = exponent ? ldexpf((float)(8 + mantissa), exponent - 10) : ldexpf((float)mantissa, -9);
  return x & 0x80 ? -f : f;
}
SIM_INLINE float from_e5m2(uint8_t x) { return widen<5, 10>((uint32_t)x << 8); }
}  // namespace sim

SIM_INLINE __nv_fp8_storage_t __nv_cvt_double_to_fp8(double d, __nv_saturation_t s, __nv_fp8_interpretation_t k) {
  return k == __NV_E4M3 ? sim::to_e4m3(d, s == __NV_SATFINITE) : sim::to_e5m2(d, s == __NV_SATFINITE);
}
SIM_INLINE __nv_fp8_storage_t __nv_cvt_float_to_fp8(float f, __nv_saturation_t s, __nv_fp8_interpretation_t k) { return __nv_cvt_double_to_fp8(f, s, k); }
SIM_INLINE __nv_fp8_storage_t __nv_cvt_halfraw_to_fp8(__half_raw h, __nv_saturation_t s, __nv_fp8_interpretation_t k) { return __nv_cvt_float_to_fp8((float)__half(h), s, k); }
SIM_INLINE __nv_fp8_storage_t __nv_cvt_bfloat16raw_to_fp8(__nv_bfloat16_raw h, __nv_saturation_t s, __nv_fp8_interpretation_t k) { return __nv_cvt_float_to_fp8((float)__nv_bfloat16(h), s, k); }
SIM_INLINE __nv_fp8x2_storage_t __nv_cvt_float2_to_fp8x2(float2 f, __nv_saturation_t s, __nv_fp8_interpretation_t k) {
  return (__nv_fp8x2_storage_t)(__nv_cvt_float_to_fp8(f.x, s, k) | __nv_cvt_float_to_fp8(f.y, s, k) << 8);
}
SIM_INLINE __half_raw __nv_cvt_fp8_to_halfraw(__nv_fp8_storage_t x, __nv_fp8_interpretation_t k) {
  return __half(k == __NV_E4M3 ? sim::from_e4m3(x) : sim::from_e5m2(x));
}

#define SIM_FP8(N, to, from)                                                       \
  struct N {                                                                       \
    __nv_fp8_storage_t __x;                                                        \
    N() = default;                                                                 \
    SIM_INLINE explicit N(float f) : __x(sim::to(f, true)) {}                      \
    SIM_INLINE explicit N(double f) : __x(sim::to(f, true)) {}                     \
    SIM_INLINE explicit N(int f) : __x(sim::to(f, true)) {}                        \
    SIM_INLINE explicit N(__half f) : __x(sim::to((float)f, true)) {}              \
    SIM_INLINE explicit N(__nv_bfloat16 f) : __x(sim::to((float)f, true)) {}       \
    SIM_INLINE explicit operator float() const { return sim::from(__x); }          \
    SIM_INLINE explicit operator double() const { return sim::from(__x); }         \
    SIM_INLINE explicit operator __half() const { return sim::from(__x); }         \
    SIM_INLINE explicit operator __nv_bfloat16() const { return sim::from(__x); }  \
  };
SIM_FP8(__nv_fp8_e4m3, to_e4m3, from_e4m3)
SIM_FP8(__nv_fp8_e5m2, to_e5m2, from_e5m2)
#undef SIM_FP8
#define SIM_FP8X(N, to, from)                                                                                   \
  struct alignas(2) __nv_fp8x2_##N {                                                                            \
    __nv_fp8x2_storage_t __x;                                                                                   \
    __nv_fp8x2_##N() = default;                                                                                 \
    SIM_INLINE explicit __nv_fp8x2_##N(float2 f) : __x((uint16_t)(sim::to(f.x, true) | sim::to(f.y, true) << 8)) {} \
    SIM_INLINE explicit operator float2() const { return float2(sim::from(__x & 255), sim::from(__x >> 8)); }   \
  };                                                                                                            \
  struct alignas(4) __nv_fp8x4_##N {                                                                            \
    __nv_fp8x4_storage_t __x;                                                                                   \
    __nv_fp8x4_##N() = default;                                                                                 \
    SIM_INLINE explicit __nv_fp8x4_##N(float4 f)                                                                \
        : __x((unsigned)sim::to(f.x, true) | (unsigned)sim::to(f.y, true) << 8 | (unsigned)sim::to(f.z, true) << 16 | (unsigned)sim::to(f.w, true) << 24) {} \
    SIM_INLINE explicit operator float4() const { return float4(sim::from(__x & 255), sim::from(__x >> 8 & 255), sim::from(__x >> 16 & 255), sim::from(__x >> 24)); } \
  };
SIM_FP8X(e4m3, to_e4m3, from_e4m3)
SIM_FP8X(e5m2, to_e5m2, from_e5m2)
#undef SIM_FP8X
