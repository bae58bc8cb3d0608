// A local variable declared without a value: the translator puts SIM_UNSET(name) behind its declaration.
#pragma once
#include "core.h"

#if defined(SIM_LOCALS)  // the build that watches such variables; it is made only for a source that gave a wrong answer
#define SIM_UNSET(x)                                                      \
  ::sim::unset::spoil(sim_own_##x);                                       \
  const ::sim::unset::Local sim_local_##x(sim_own_##x, #x, __LINE__);     \
  auto& x = ::sim::unset::seen(sim_own_##x)
#else
#define SIM_UNSET(x) ::sim::unset::spoil(x)
#endif

namespace sim::unset {
// On a GPU such a variable holds what its register held. Here it holds rubbish that differs from thread to thread: very
// large, very small, or not a number, so that it hides in no maximum, no minimum and no product with zero. Runs that
// differ in sim_rubbish alone show whether it matters. A type whose constructor does something is left alone.
constexpr unsigned char RUBBISH[] = {0x7b, 0xfb, 0xff, 0x7f};
constexpr unsigned ZERO = 4;  // of sim_rubbish: zero in all threads
constexpr size_t MOST = 2048;  // bytes of a variable that are worth so many instructions

SIM_INLINE unsigned char rubbish(bool truth) {
  unsigned kind = ((unsigned)sim_thread + sim_rubbish) % 4;
  return sim_rubbish == ZERO ? 0 : truth ? kind & 1 : RUBBISH[kind];
}

template <class Word>
SIM_INLINE void store(void* p, uint64_t word) {
  typedef Word Anywhere __attribute__((may_alias, aligned(1)));
  *(Anywhere*)p = (Word)word;
}
typedef uint64_t Pair __attribute__((vector_size(16), may_alias, aligned(1)));

template <class T>
constexpr bool plain = std::is_trivially_default_constructible_v<std::remove_all_extents_t<T>>;

// Stores at constant places: of a variable whose address is taken, by memset say, every access would be instrumented.
template <class T>
SIM_INLINE void spoil(T& x) {
  if constexpr (plain<T> && sizeof x <= MOST) {
    constexpr size_t n = sizeof x, pairs = n / 16;
    uint64_t word = rubbish(std::is_same_v<std::remove_cv_t<std::remove_all_extents_t<T>>, bool>) * 0x0101010101010101ull;
    [&]<size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      ((*(Pair*)((char*)&x + 16 * I) = Pair{word, word}), ...);
    }(std::make_index_sequence<pairs>{});
    char* rest = (char*)&x + 16 * pairs;
    if constexpr (n & 8) store<uint64_t>(rest, word);
    if constexpr (n & 4) store<uint32_t>(rest + (n & 8), word);
    if constexpr (n & 2) store<uint16_t>(rest + (n & 12), word);
    if constexpr (n & 1) store<uint8_t>(rest + (n & 14), word);
  }
}
SIM_INLINE void spoil(...) {}

// Accesses through a pointer of unknown origin are all instrumented; of a variable's own, compilers leave some out.
template <class T>
SIM_INLINE T& seen(T& x) {
  T* p = &x;
  asm("" : "+r"(p));
  return *p;
}

// What `p = f()` copies by itself: g++ does not say when a call's value lands in such a struct.
template <class T>
constexpr bool silent = (std::is_class_v<T> || std::is_union_v<T>) && std::is_trivially_move_assignable_v<T>;

// Lives as long as the variable whose bytes have no value yet.
struct Local {
  const void* place;
  size_t bytes;
  template <class T>
  SIM_PLAIN SIM_INLINE Local(T& x, const char* name, int line) : place((const void*)&x), bytes(sizeof x) {
    using Element = std::remove_all_extents_t<T>;
    if constexpr (plain<T> && !silent<Element>) sim_local(place, bytes, sizeof(Element), name, line);
  }
  SIM_PLAIN SIM_INLINE ~Local() { sim_local_end(place, bytes); }
  Local(const Local&) = delete;
};
}  // namespace sim::unset
