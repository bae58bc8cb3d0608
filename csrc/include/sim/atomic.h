// Atomics. The runtime is told first; where one OS thread runs everything, a plain read-modify-write is atomic.
#pragma once
#include "core.h"

namespace sim {
template <class T, class F>
SIM_PLAIN __attribute__((noinline)) T modify(T* p, F f) {
  T old = *p;
  *p = f(old);
  return old;
}

template <size_t N>
using Word = std::conditional_t<N == 1, uint8_t, std::conditional_t<N == 2, uint16_t, std::conditional_t<N == 4, uint32_t, uint64_t>>>;
inline char wide_lock;  // for types that no instruction of every machine exchanges

// The same among several OS threads.
template <class T, class F>
SIM_PLAIN __attribute__((noinline)) T contend(T* p, F f) {
  T old, made;
  if constexpr (sizeof(T) > 8 || (sizeof(T) & (sizeof(T) - 1))) {
    while (__atomic_test_and_set(&wide_lock, __ATOMIC_ACQUIRE)) {}
    old = *p;
    *p = f(old);
    __atomic_clear(&wide_lock, __ATOMIC_RELEASE);
  } else {
    Word<sizeof(T)> seen = __atomic_load_n((Word<sizeof(T)>*)p, __ATOMIC_RELAXED), next;
    do {
      __builtin_memcpy((void*)&old, &seen, sizeof(T));
      made = f(old);
      __builtin_memcpy(&next, (const void*)&made, sizeof(T));
    } while (!__atomic_compare_exchange_n((Word<sizeof(T)>*)p, &seen, next, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  }
  return old;
}

template <class T, class F>
SIM_INLINE T change(bool contended, T* p, F f) { return contended ? contend(p, f) : modify(p, f); }

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
    return sim::change(sim_atomic(p, sizeof(T)), p, [v](T old) SIM_PLAIN -> T { return (T)(expression); }); \
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
  return sim::change(sim_atomic(p, sizeof(T)), p, [=](T old) SIM_PLAIN -> T { return __builtin_memcmp(&old, &expected, sizeof(T)) ? old : v; });
}
template <class T>
SIM_INLINE T atomicCAS_block(T* p, sim::same_t<T> expected, sim::same_t<T> v) { return atomicCAS(p, expected, v); }
template <class T>
SIM_INLINE T atomicCAS_system(T* p, sim::same_t<T> expected, sim::same_t<T> v) { return atomicCAS(p, expected, v); }
