// Compiled twice, against the toolkit's headers and against ours: every line printed must be the same.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

static uint64_t sum;
static void add(uint64_t x) { sum = (sum ^ x) * 0x9e3779b97f4a7c15ull, sum ^= sum >> 29; }
static void line(const char* name) { printf("%s %016llx\n", name, (unsigned long long)sum), sum = 0; }
static uint32_t bits(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return f != f ? 0x7fffffff : u;  // the payload of a NaN is not promised
}
template <class T>
static T of(uint16_t x) {
  T t;
  memcpy(&t, &x, 2);
  return t;
}
template <class T>
static uint32_t raw(T t) {
  uint16_t x;
  memcpy(&x, &t, 2);
  return x;
}
static float number(uint32_t u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}

// Every upper half of a float, with lower halves around all rounding boundaries.
template <class F>
static void floats(const char* name, F f) {
  static const uint32_t low[] = {0, 1, 0x0fff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000, 0x7fff, 0x8000, 0x8001, 0xefff, 0xf000, 0xf001, 0xffff};
  for (uint32_t high = 0; high < 65536; high++)
    for (uint32_t l : low) add(f(number(high << 16 | l)));
  line(name);
}
template <class T, class F>
static void patterns(const char* name, F f) {
  for (uint32_t x = 0; x < 65536; x++) add(f(of<T>((uint16_t)x)));
  line(name);
}
// All patterns against some, in both orders.
template <class T, class F>
static void pairs(const char* name, F f) {
  for (uint32_t x = 0; x < 65536; x++)
    for (uint32_t y = 1; y < 65536; y += 1009) add(f(of<T>((uint16_t)x), of<T>((uint16_t)y))), add(f(of<T>((uint16_t)y), of<T>((uint16_t)x)));
  line(name);
}

int main() {
  patterns<__half>("half2float", [](__half h) { return bits(__half2float(h)); });
  patterns<__nv_bfloat16>("bfloat162float", [](__nv_bfloat16 h) { return bits(__bfloat162float(h)); });
  floats("float2half_rn", [](float f) { return raw(__float2half_rn(f)); });
  floats("float2half_rz", [](float f) { return raw(__float2half_rz(f)); });
  floats("float2half_ru", [](float f) { return raw(__float2half_ru(f)); });
  floats("float2half_rd", [](float f) { return raw(__float2half_rd(f)); });
  floats("double2half", [](float f) { return raw(__double2half(f * 1.00000001)); });
  floats("float2bfloat16_rn", [](float f) { return raw(__float2bfloat16_rn(f)); });
  floats("float2bfloat16_rz", [](float f) { return raw(__float2bfloat16_rz(f)); });
  floats("float2bfloat16_ru", [](float f) { return raw(__float2bfloat16_ru(f)); });
  floats("float2bfloat16_rd", [](float f) { return raw(__float2bfloat16_rd(f)); });
  floats("double2bfloat16", [](float f) { return raw(__double2bfloat16(f * 1.00000001)); });
  for (int mode = 0; mode < 2; mode++) {
    auto s = mode ? __NV_SATFINITE : __NV_NOSAT;
    floats(mode ? "e4m3 saturated" : "e4m3", [=](float f) { return (uint32_t)__nv_cvt_float_to_fp8(f, s, __NV_E4M3); });
    floats(mode ? "e5m2 saturated" : "e5m2", [=](float f) { return (uint32_t)__nv_cvt_float_to_fp8(f, s, __NV_E5M2); });
  }
  for (uint32_t x = 0; x < 256; x++)
    for (auto k : {__NV_E4M3, __NV_E5M2}) add(bits(__half2float(__half(__nv_cvt_fp8_to_halfraw((unsigned char)x, k)))));
  line("fp8_to_half");
  patterns<__half>("half2int_rz", [](__half h) { return (uint32_t)__half2int_rz(h); });
  patterns<__half>("half2short_rz", [](__half h) { return (uint32_t)(uint16_t)__half2short_rz(h); });
  for (int i = -70000; i < 70000; i++) add(raw(__int2half_rn(i))), add(raw(__int2half_rz(i))), add(raw(__int2bfloat16_rn(i)));
  line("int2half");
  pairs<__half>("hadd", [](__half a, __half b) { return raw(__hadd(a, b)); });
  pairs<__half>("hsub", [](__half a, __half b) { return raw(__hsub(a, b)); });
  pairs<__half>("hmul", [](__half a, __half b) { return raw(__hmul(a, b)); });
  pairs<__half>("hdiv", [](__half a, __half b) { return raw(__hdiv(a, b)); });
  pairs<__half>("hlt", [](__half a, __half b) { return (uint32_t)(__hlt(a, b) | __hleu(a, b) << 1 | __hne(a, b) << 2 | __hneu(a, b) << 3); });
  pairs<__half>("hmax", [](__half a, __half b) { return raw(__hmax(a, b)) << 16 | raw(__hmin(a, b)); });
  pairs<__half>("hmax_nan", [](__half a, __half b) { return raw(__hmax_nan(a, b)) << 16 | raw(__hmin_nan(a, b)); });
  pairs<__nv_bfloat16>("bfloat16 hadd", [](__nv_bfloat16 a, __nv_bfloat16 b) { return raw(__hadd(a, b)); });
  pairs<__nv_bfloat16>("bfloat16 hmul", [](__nv_bfloat16 a, __nv_bfloat16 b) { return raw(__hmul(a, b)); });
  pairs<__nv_bfloat16>("bfloat16 hdiv", [](__nv_bfloat16 a, __nv_bfloat16 b) { return raw(__hdiv(a, b)); });
}
