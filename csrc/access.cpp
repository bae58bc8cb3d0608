// Every access a kernel makes arrives here, through the callbacks that -fsanitize=thread plants in the learner's code.
#include "race.h"

#include <math.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

namespace sim {
u64 accesses;
OWN u64 budget = 1 << 20;
static constexpr u64 ALL = 0x0101010101010101ull;

static void name_place(Report* r, const Allocation* a, size_t offset, size_t size) {
  place_thread(r, current);
  copy_name(r->variable, a->name, sizeof r->variable);
  r->size = (long)size;
  r->offset = (long)offset;
  r->extent = (long)a->size;
  r->item = a->item;
}

// ---------------------------------------------------------------- out of bounds

static const Slot* nearest_slot(size_t offset) {
  const Slot* best = nullptr;
  size_t least = ~0ull;
  for (int i = 1; i <= slot_count; i++) {
    const Slot& s = slots[i];
    size_t away = offset < s.offset ? s.offset - offset : offset < s.offset + s.size ? 0 : offset - s.offset - s.size;
    if (s.launch == launch->id && away < least) least = away, best = &s;
  }
  return best;
}

static void shared_bounds(uintptr_t p, size_t size, bool write, u32 pc) {
  size_t offset = p - (uintptr_t)block->shared;
  const Slot* s = nearest_slot(offset);
  Report* r = report("oob", write ? "shared write" : "shared read", pc);
  if (!r) return;
  place_thread(r, current);
  r->size = (long)size;
  if (!s) return;
  copy_name(r->variable, s->name, sizeof r->variable);
  r->offset = (long)offset - (long)s->offset;
  r->extent = s->size;
  r->item = s->item;
}

static void wild(uintptr_t p, size_t size, bool write, u32 pc) {
  if (Report* r = report("oob", write ? "wild write" : "wild read", pc)) {
    place_thread(r, current);
    r->size = (long)size;
    r->offset = (long)p;
  }
  abort_kernel(ILLEGAL_ADDRESS);
}

// Just outside an allocation there is a gap, so that the kernel may go on and show its other mistakes.
void out_of_bounds(uintptr_t p, size_t size, bool write, u32 pc) {
  if (p - (uintptr_t)block->shared < SHARED) return shared_bounds(p, size, write, pc);
  Allocation* a = device((void*)p) ? find(p) : nullptr;
  if (!a) return wild(p, size, write, pc);
  const char* what = !a->live ? "freed" : write ? "write" : "read";
  if (Report* r = report("oob", what, pc)) name_place(r, a, p - a->base, size);
  if (!a->live || p - a->base + (1 << 16) > a->size + (1 << 17)) abort_kernel(ILLEGAL_ADDRESS);
}

// ---------------------------------------------------------------- has it a value?

static FORCE bool has_value(const u8* w, size_t size) {
  if (LIKELY(size == 4)) {
    u32 x;
    memcpy(&x, w, 4);
    return x == (u32)ALL;
  }
  if (size == 8 || size == 16) {
    u64 x, y;
    memcpy(&x, w, 8);
    memcpy(&y, w + size - 8, 8);
    return x == ALL && y == ALL;
  }
  for (size_t i = 0; i < size; i++)
    if (!w[i]) return false;
  return true;
}

static NOINLINE void uninitialised(Allocation* a, size_t offset, size_t size, bool atomic, u32 pc) {
  if (unwritten(a, offset, size) == offset + size) return;
  if (Report* r = report("uninit", atomic ? "atomic" : "global", pc)) name_place(r, a, offset, size);
}

static FORCE void values(Allocation* a, size_t offset, size_t size, bool write, bool atomic, u32 pc) {
  u8* w = a->written + offset;
  if (UNLIKELY((!write || atomic) && !has_value(w, size))) uninitialised(a, offset, size, atomic, pc);
  if (!write) return;
  if (LIKELY(size == 4)) memcpy(w, &ALL, 4);
  else memset(w, 1, size);
}

// ---------------------------------------------------------------- where does it point?

static NOINLINE void misaligned(uintptr_t p, size_t size, u32 pc) {
  if (Report* r = report("oob", "misaligned", pc)) {
    place_thread(r, current);
    r->size = (long)size;
    r->offset = (long)(p & (size - 1));
    if (Allocation* a = device((void*)p) ? find(p) : nullptr) copy_name(r->variable, a->name, sizeof r->variable);
  }
  abort_kernel(MISALIGNED);
}

static NOINLINE void write_constant(Allocation* a, size_t offset, size_t size, u32 pc) {
  if (Report* r = report("const", "write", pc)) name_place(r, a, offset, size);
  abort_kernel(ILLEGAL_ADDRESS);
}

static NOINLINE void host_variable(size_t size, bool write, u32 pc) {
  if (Report* r = report("host", write ? "kernel writes" : "kernel reads", pc)) {
    place_thread(r, current);
    r->size = (long)size;
  }
}

extern bool writable(uintptr_t p);

// True: go on with the check of a. False: it is settled.
static NOINLINE bool elsewhere(uintptr_t p, size_t size, bool write, u32 pc, Allocation*& a) {
  a = variable(p);
  if (p - module_low >= module_high - module_low) return out_of_bounds(p, size, write, pc), false;
  if (!a) {
    if (writable(p)) host_variable(size, write, pc);
    return false;
  }
  if (write && a->kind == CONSTANT) write_constant(a, p - a->base, size, pc);
  if (p - a->base + size <= a->size) return true;
  if (Report* r = report("oob", write ? "write" : "read", pc)) name_place(r, a, p - a->base, size);
  abort_kernel(ILLEGAL_ADDRESS);
}

// ---------------------------------------------------------------- the check

static FORCE u64 key_of_access() {
  return (u64)block->epoch << 32 | (u64)current << 16 | block->warp[current >> 5].clock[current & 31];
}

template <class Memory>
static FORCE int granule_for(Memory* m, size_t size) {
  if (UNLIKELY(size < (1u << m->shift))) refine(m, size == 1 ? 0 : 1);
  return m->shift;
}

static FORCE void order(Allocation* a, Slot* s, size_t offset, size_t size, bool write, bool atomic, u32 pc) {
  int shift = s ? granule_for(s, size) : granule_for(a, size);
  Cell* cells = s ? block->cells[s->id] : a->cells;
  u64 key = key_of_access();
  if (LIKELY(size == (1u << shift))) return settle(a, s, &cells[offset >> shift], key, offset, size, write, atomic, pc);
  size_t step = (size_t)1 << shift, end = offset + size;
  for (size_t o = offset & ~(step - 1); o < end; o += step) settle(a, s, &cells[o >> shift], key, o, size, write, atomic, pc);
}

static FORCE void trace(uintptr_t place, size_t size, bool write, bool atomic, bool shared, u32 pc) {
  Warp& w = block->warp[current >> 5];
  if (!w.traced) return;
  log_access(w, pc, (unsigned)size, (u8)((write ? WRITE : 0) | (shared ? IN_SHARED : 0) | (atomic ? IS_ATOMIC : 0)), place);
}

static FORCE void access_shared(size_t in_block, uintptr_t p, size_t size, bool write, bool atomic, u32 pc) {
  Slot* s = slot_at[in_block >> 7];
  if (UNLIKELY(!s || in_block + size > s->offset + s->size)) return out_of_bounds(p, size, write, pc);
  if (atomic) communicate(write);
  order(nullptr, s, in_block - s->offset, size, write, atomic, pc);
  trace(in_block, size, write, atomic, true, pc);
}

static FORCE void access_global(uintptr_t p, size_t size, bool write, bool atomic, bool relaxed, u32 pc) {
  Allocation* a;
  if (LIKELY(p - arena < arena_bytes)) {
    a = pages[(p - arena) / PAGE];
    if (UNLIKELY(!a || p < a->base || p + size > a->base + a->size || !a->live)) return out_of_bounds(p, size, write, pc);
  } else if (!elsewhere(p, size, write, pc, a)) {
    return;
  }
  values(a, p - a->base, size, write, atomic && write, pc);
  if (UNLIKELY(a->kind == CONSTANT)) return;
  if (UNLIKELY(relaxed)) communicate(write);
  order(a, nullptr, p - a->base, size, write, relaxed, pc);
  trace(p, size, write, atomic, false, pc);
}

static FORCE void access(uintptr_t p, size_t size, bool write, bool atomic, u32 pc, bool is_volatile = false) {
  accesses++;
  if (UNLIKELY(--budget == 0)) spend(pc);
  if (UNLIKELY((p & (size - 1)) && size <= 16 && !(size & (size - 1)))) misaligned(p, size, pc);
  uintptr_t in_block = p - (uintptr_t)block->shared;
  if (in_block < SHARED) access_shared(in_block, p, size, write, atomic, pc);
  else access_global(p, size, write, atomic, atomic || is_volatile, pc);
}

// The slow twin of access(), for accesses of any size that the runtime makes on a thread's behalf.
void check(uintptr_t p, size_t size, bool write, bool atomic, u32 pc) {
  if (!checking || !in_kernel() || !size) return;
  if (!in_stacks(p)) access(p, size, write, atomic, pc);
  else if (unset) local_access(p, size, write, pc);
}

static NOINLINE void host_access(uintptr_t p, size_t size, bool write, u32 pc) {
  if (!device((void*)p)) return;
  if (Report* r = report("host", write ? "writes" : "reads", pc)) {
    r->size = (long)size;
    if (Allocation* a = find(p)) copy_name(r->variable, a->name, sizeof r->variable);
  }
}

// A function of its own, so that an access of a thread's own stack, as most are, need save no registers.
template <size_t SIZE, bool WRITES, bool VOLATILE>
static NOINLINE void beyond(uintptr_t p, const void* caller) {
  if (UNLIKELY(!in_kernel())) return host_access(p, SIZE, WRITES, offset_of(caller));
  access(p, SIZE, WRITES, false, offset_of(caller), VOLATILE);
}

template <size_t SIZE, bool WRITES, bool VOLATILE = false>
static FORCE void callback(const void* pointer, const void* caller) {
  uintptr_t p = (uintptr_t)pointer;
  if (LIKELY(p - stacks_low < stacks_bytes)) {
    if (UNLIKELY(unset != nullptr)) local_access(p, SIZE, WRITES, offset_of(caller));
  } else if (LIKELY(checking)) {
    beyond<SIZE, WRITES, VOLATILE>(p, caller);
  }
}

static void range(const void* p, size_t size, bool write, const void* caller) {
  if (checking && size && !in_kernel()) host_access((uintptr_t)p, size, write, offset_of(caller));
  else check((uintptr_t)p, size, write, false, offset_of(caller));
}

static OWN int spins;

// A volatile read or an atomic may be a thread waiting for another: give way now and then.
static NOINLINE void give_way(u32 pc) {
  static OWN u32 turns;
  spins = 0;
  if (!in_kernel()) return;
  yield_now();
  if (!several() || ++turns % 16) return;  // most atomics wait for nothing, and a system call is dear
  if (overdue()) expire(pc);
  sched_yield();  // what it waits for may be another OS thread's block
}

static FORCE void maybe_spinning(const void* caller) {
  if (UNLIKELY(++spins >= 256)) give_way(offset_of(caller));
}

// ---------------------------------------------------------------- the sanitizer's ABI

#define READ(name, bytes) \
  ABI void __tsan_##name(void* p) { callback<bytes, false>(p, CALLER); }
#define WRITTEN(name, bytes) \
  ABI void __tsan_##name(void* p) { callback<bytes, true>(p, CALLER); }
#define EACH(bytes)                                       \
  READ(read##bytes, bytes)                                \
  READ(unaligned_read##bytes, bytes)                      \
  WRITTEN(write##bytes, bytes)                            \
  WRITTEN(unaligned_write##bytes, bytes)                  \
  WRITTEN(unaligned_volatile_write##bytes, bytes)         \
  ABI void __tsan_volatile_write##bytes(void* p) {        \
    callback<bytes, true, true>(p, CALLER);               \
  }                                                       \
  ABI void __tsan_volatile_read##bytes(void* p) {         \
    maybe_spinning(CALLER);                               \
    callback<bytes, false, true>(p, CALLER);              \
  }                                                       \
  READ(unaligned_volatile_read##bytes, bytes)             \
  ABI void __tsan_read_write##bytes(void* p) {            \
    callback<bytes, false>(p, CALLER);                    \
    callback<bytes, true>(p, CALLER);                     \
  }                                                       \
  ABI void __tsan_unaligned_read_write##bytes(void* p) {  \
    callback<bytes, false>(p, CALLER);                    \
    callback<bytes, true>(p, CALLER);                     \
  }
EACH(1) EACH(2) EACH(4) EACH(8) EACH(16)

ABI void __tsan_read_range(void* p, size_t n) { range(p, n, false, CALLER); }
ABI void __tsan_write_range(void* p, size_t n) { range(p, n, true, CALLER); }
ABI void __tsan_init() {}
ABI void __tsan_func_entry(void*) {}
ABI void __tsan_func_exit() {}
ABI void __tsan_vptr_update(void**, void*) {}
ABI void __tsan_vptr_read(void**) {}

// What the shim headers say of an access that the compiler does not see.
ABI void sim_touch(const void* p, size_t n, int write) { check((uintptr_t)p, n, write, false, offset_of(CALLER)); }

static FORCE void atomic(const void* p, size_t n, bool write, const void* caller) {
  if (LIKELY(in_kernel())) {
    maybe_spinning(caller);  // before the check: nobody may run between what is noted and what is done
    check((uintptr_t)p, n, write, true, offset_of(caller));
  } else if (checking) {
    host_access((uintptr_t)p, n, write, offset_of(caller));
  }
}

// Does another OS thread see it? A block's shared memory is its own.
static bool contended(const void* p) { return in_kernel() && several() && (uintptr_t)p - (uintptr_t)block->shared >= SHARED; }

ABI bool sim_atomic(const void* p, size_t n) { return atomic(p, n, true, CALLER), contended(p); }
ABI bool sim_atomic_load(const void* p, size_t n) { return atomic(p, n, false, CALLER), contended(p); }

ABI void sim_fence() {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (in_kernel() && checking) fence();
}

// std::atomic and __atomic builtins in the learner's code
#define NOTE(write) atomic((void*)p, sizeof *p, write, CALLER)
#define MODIFY(bits, T, name, how) \
  ABI T __tsan_atomic##bits##_##name(volatile T* p, T v, int) { return NOTE(true), how(p, v, __ATOMIC_SEQ_CST); }
#define EXCHANGE(bits, T, name)                                                                 \
  ABI int __tsan_atomic##bits##_compare_exchange_##name(volatile T* p, T* c, T v, int, int) {   \
    return NOTE(true), __atomic_compare_exchange_n(p, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
  }
#define ATOMICS(bits, T)                                                                                               \
  ABI T __tsan_atomic##bits##_load(const volatile T* p, int) { return NOTE(false), __atomic_load_n(p, __ATOMIC_SEQ_CST); } \
  ABI void __tsan_atomic##bits##_store(volatile T* p, T v, int) { NOTE(true), __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }  \
  MODIFY(bits, T, exchange, __atomic_exchange_n)                                                                       \
  MODIFY(bits, T, fetch_add, __atomic_fetch_add)                                                                       \
  MODIFY(bits, T, fetch_sub, __atomic_fetch_sub)                                                                       \
  MODIFY(bits, T, fetch_and, __atomic_fetch_and)                                                                       \
  MODIFY(bits, T, fetch_or, __atomic_fetch_or)                                                                         \
  MODIFY(bits, T, fetch_xor, __atomic_fetch_xor)                                                                       \
  EXCHANGE(bits, T, strong)                                                                                            \
  EXCHANGE(bits, T, weak)                                                                                              \
  ABI T __tsan_atomic##bits##_compare_exchange_val(volatile T* p, T c, T v, int, int) {                                \
    NOTE(true), __atomic_compare_exchange_n(p, &c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                      \
    return c;                                                                                                          \
  }
ATOMICS(8, u8) ATOMICS(16, u16) ATOMICS(32, u32) ATOMICS(64, u64)
ABI void __tsan_atomic_thread_fence(int) { sim_fence(); }
ABI void __tsan_atomic_signal_fence(int) {}

// ---------------------------------------------------------------- memcpy and friends (--wrap)

static void both(void* to, const void* from, size_t n, const void* caller) {
  range(from, n, false, caller);
  range(to, n, true, caller);
}
ABI void* __wrap_memcpy(void* to, const void* from, size_t n) { return both(to, from, n, CALLER), memcpy(to, from, n); }
ABI void* __wrap_memmove(void* to, const void* from, size_t n) { return both(to, from, n, CALLER), memmove(to, from, n); }
ABI void* __wrap_memset(void* to, int value, size_t n) {
  range(to, n, true, CALLER);
  return memset(to, value, n);
}
ABI void* __tsan_memcpy(void* to, const void* from, size_t n) { return both(to, from, n, CALLER), memcpy(to, from, n); }
ABI void* __tsan_memmove(void* to, const void* from, size_t n) { return both(to, from, n, CALLER), memmove(to, from, n); }
ABI void* __tsan_memset(void* to, int value, size_t n) {
  range(to, n, true, CALLER);
  return memset(to, value, n);
}

// What libm writes through pointers.
#define TWO(name, T)                                        \
  ABI void __wrap_##name(T x, T* sine, T* cosine) {         \
    name(x, sine, cosine);                                  \
    range(sine, sizeof *sine, true, CALLER);                \
    range(cosine, sizeof *cosine, true, CALLER);            \
  }
#define ONE(name, T, P)                                     \
  ABI T __wrap_##name(T x, P* p) {                          \
    T y = name(x, p);                                       \
    range(p, sizeof *p, true, CALLER);                      \
    return y;                                               \
  }
TWO(sincos, double) TWO(sincosf, float)
ONE(frexp, double, int) ONE(frexpf, float, int) ONE(modf, double, double) ONE(modff, float, float)

// ---------------------------------------------------------------- array bounds and division (-fsanitize=bounds,…)

struct SourceLocation {
  const char* file;
  u32 line, column;
};
struct TypeDescriptor {
  u16 kind, info;
  char name[1];  // 'float [4]'
};
struct OutOfBounds {
  SourceLocation location;
  TypeDescriptor *array, *index;
};

// The access itself may hit another thread's stack, so the kernel ends here.
ABI void __ubsan_handle_out_of_bounds(OutOfBounds* d, uintptr_t index) {
  Report* r = report("oob", in_kernel() ? "index" : "host index", offset_of(CALLER));
  if (r) {
    copy_name(r->note, d->array->name, sizeof r->note);
    r->offset = (int)index;
    if (in_kernel()) place_thread(r, current);
  }
  if (in_kernel()) abort_kernel(ILLEGAL_ADDRESS);
}

// x86 would trap here; arm64 would give zero, and a GPU whatever it likes.
ABI void __ubsan_handle_divrem_overflow(void*, uintptr_t, uintptr_t) {
  Report* r = report(in_kernel() ? "assert" : "host", in_kernel() ? "division" : "host division", offset_of(CALLER));
  if (r && in_kernel()) place_thread(r, current);
  if (in_kernel()) abort_kernel(ILLEGAL_ADDRESS);
  flush_reports();
  _exit(98);
}
}  // namespace sim
