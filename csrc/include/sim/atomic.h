// Atomics. The runtime is told first; one OS thread runs everything, so a plain read-modify-write is atomic.
#pragma once
#include "core.h"

namespace sim {
template <class T, class F>
SIM_PLAIN __attribute__((noinline)) T modify(T* p, F f) {
  T old = *p;
  *p = f(old);
  return old;
}

template <class T>
struct same {
  using type = T;
};
template <class T>
using same_t = typename same<T>::type;

template <class T>
struct wrapped_add {  // signed overflow wraps in hardware
  SIM_PLAIN static T of(T a, T b) {
    if constexpr (std::is_integral_v<T>) return (T)((unsigned long long)a + (unsigned long long)b);
    else return a + b;
  }
};
}  // namespace sim

#define SIM_ATOMIC(name, expression)                                                                   \
  template <class T>                                                                                   \
  SIM_INLINE T name(T* p, sim::same_t<T> v) {                                                          \
    sim_atomic(p, sizeof(T));                                                                          \
    return sim::modify(p, [v](T old) SIM_PLAIN -> T { return (T)(expression); });                      \
  }                                                                                                    \
  template <class T>                                                                                   \
  SIM_INLINE T name##_block(T* p, sim::same_t<T> v) { return name(p, v); }                             \
  template <class T>                                                                                   \
  SIM_INLINE T name##_system(T* p, sim::same_t<T> v) { return name(p, v); }
SIM_ATOMIC(atomicAdd, sim::wrapped_add<T>::of(old, v))
SIM_ATOMIC(atomicSub, (T)(old - v))
SIM_ATOMIC(atomicExch, v)
SIM_ATOMIC(atomicMin, v < old ? v : old)
SIM_ATOMIC(atomicMax, old < v ? v : old)
SIM_ATOMIC(atomicAnd, old & v)
SIM_ATOMIC(atomicOr, old | v)
SIM_ATOMIC(atomicXor, old ^ v)
SIM_ATOMIC(atomicInc, old >= v ? 0 : old + 1)
SIM_ATOMIC(atomicDec, old == 0 || old > v ? v : old - 1)
#undef SIM_ATOMIC

template <class T>
SIM_INLINE T atomicCAS(T* p, sim::same_t<T> expected, sim::same_t<T> v) {
  sim_atomic(p, sizeof(T));
  return sim::modify(p, [=](T old) SIM_PLAIN -> T { return __builtin_memcmp(&old, &expected, sizeof(T)) ? old : v; });
}
template <class T>
SIM_INLINE T atomicCAS_block(T* p, sim::same_t<T> expected, sim::same_t<T> v) { return atomicCAS(p, expected, v); }
template <class T>
SIM_INLINE T atomicCAS_system(T* p, sim::same_t<T> expected, sim::same_t<T> v) { return atomicCAS(p, expected, v); }
