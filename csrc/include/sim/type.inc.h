// One 16-bit type and its pair: included once for each, with T, T2, NAME, E and M defined.

struct SIM_JOIN(T, _raw, ) {
  unsigned short x;
};
struct T {
  uint16_t bits;
  T() = default;
  constexpr SIM_INLINE explicit T(sim::Bits b) : bits(b.value) {}
  SIM_INLINE T(SIM_JOIN(T, _raw, ) r) : bits(r.x) {}
  SIM_INLINE T(float f) : bits((uint16_t)sim::narrow<E, M>(f)) {}
  SIM_INLINE T(double d) : bits((uint16_t)sim::narrow<E, M>(d)) {}
  template <class I, class = std::enable_if_t<std::is_integral_v<I>>>
  SIM_INLINE T(I i) : bits((uint16_t)sim::narrow<E, M>((double)i)) {}
  SIM_INLINE operator float() const { return sim::widen<E, M>(bits); }
  SIM_INLINE explicit operator int() const { return sim::saturate<int>((float)*this); }
  SIM_INLINE operator SIM_JOIN(T, _raw, )() const { return {bits}; }
};

struct alignas(4) T2 {
  T x, y;
  SIM_COPY(T2, sim::Move4)
  SIM_INLINE T2(T a, T b) : x(a), y(b) {}
};
