// A thread's own variables that have no value yet. Only a library built for it (sim/local.h) says where they are.
#include "runtime.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

namespace sim {
struct Declared {
  const char* name;
  size_t bytes;
  int item, line;
};
static constexpr u32 MAX_DECLARED = 1 << 12, FAR = 1 << 16;
static Declared declared_at[MAX_DECLARED];
static u32 declared_count;
u32* unset;

// Names and sizes are few: a declaration that runs again is found again.
static u32 number_of(const Declared& d) {
  for (u32 i = 0; i < declared_count; i++) {
    const Declared& o = declared_at[i];
    if (o.line == d.line && o.bytes == d.bytes && o.item == d.item && !strcmp(o.name, d.name)) return i;
  }
  if (declared_count == MAX_DECLARED) return MAX_DECLARED;
  declared_at[declared_count] = d;
  return declared_count++;
}

// A word holds the declaration and which of its bytes this is; 0 is a byte with a value, or of another variable.
ABI void sim_local(const void* p, size_t n, size_t item, const char* name, int line) {
  if (!checking || !in_kernel() || !in_stacks((uintptr_t)p) || n >= FAR) return;
  if (!unset) unset = (u32*)reserve(stacks_bytes * sizeof *unset);
  u32 number = number_of(Declared{name, n, (int)item, line});
  if (!unset || number == MAX_DECLARED) return;
  u32* word = unset + ((uintptr_t)p - stacks_low);
  for (size_t i = 0; i < n; i++) word[i] = number << 16 | (u32)(i + 1);
}

ABI void sim_local_end(const void* p, size_t n) {
  if (unset && in_stacks((uintptr_t)p)) memset(unset + ((uintptr_t)p - stacks_low), 0, n * sizeof *unset);
}

void forget_locals() {
  if (unset) madvise(unset, stacks_bytes * sizeof *unset, MADV_DONTNEED);
  declared_count = 0;
}

// Bytes of which some have a value are a struct that is copied, and copying what nobody uses harms nobody.
static bool all_unset(const u32* word, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (!word[i]) return false;
  return size > 0;
}

void local_access(uintptr_t p, size_t size, bool write, u32 pc) {
  u32* word = unset + (p - stacks_low);
  if (write) {
    memset(word, 0, size * sizeof *word);
    return;
  }
  if (LIKELY(!all_unset(word, size))) return;
  const Declared& d = declared_at[*word >> 16];
  Report* r = report("uninit", "local", pc);
  if (!r) return;
  place_thread(r, current);
  copy_name(r->variable, d.name, sizeof r->variable);
  snprintf(r->note, sizeof r->note, "%d", d.line);
  r->size = (long)size;
  r->offset = (long)(*word & 0xffff) - 1;
  r->extent = (long)d.bytes;
  r->item = d.item;
}
}  // namespace sim
