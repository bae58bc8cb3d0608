// cp.async: queued by the thread, done at its wait. A missing wait shows as stale or unwritten shared memory.
#include "runtime.h"

#include <string.h>

namespace sim {
static OWN Copy* spare;

static Copy* new_copy() {
  if (!spare) {
    constexpr int COUNT = 4096;
    Copy* some = (Copy*)reserve(COUNT * sizeof(Copy));
    if (!some) abort_kernel(OUT_OF_MEMORY);
    for (int i = 0; i < COUNT; i++) some[i].next = spare, spare = &some[i];
  }
  Copy* c = spare;
  spare = c->next;
  return c;
}

static void perform(const Copy& c) {
  check((uintptr_t)c.from, c.bytes - c.zeros, false, false, c.pc);
  check((uintptr_t)c.to, c.bytes, true, false, c.pc);
  memcpy(c.to, c.from, c.bytes - c.zeros);
  memset((char*)c.to + c.bytes - c.zeros, 0, c.zeros);
}

ABI void sim_copy_async(void* to, const void* from, size_t bytes, size_t zeros) {
  Copy* c = new_copy();
  *c = Copy{to, from, (u32)bytes, (u32)zeros, offset_of(CALLER), block->group[current], nullptr};
  Copy** last = &block->copies[current];
  while (*last) last = &(*last)->next;
  *last = c;
}

ABI void sim_copy_commit() { block->group[current]++; }

// Leaves the newest `pending_groups` commit groups in flight.
void finish_copies(int pending_groups) {
  Copy** link = &block->copies[current];
  int limit = block->group[current] - pending_groups;
  while (Copy* c = *link) {
    if (c->group >= limit) {
      link = &c->next;
      continue;
    }
    perform(*c);
    *link = c->next;
    c->next = spare;
    spare = c;
  }
}

// A copy that nobody waited for never arrives: what it should have brought stays unwritten.
void drop_copies() {
  while (Copy* c = block->copies[current]) {
    block->copies[current] = c->next;
    c->next = spare;
    spare = c;
  }
}

bool copy_pending(uintptr_t p) {
  for (int t = 0; t < launch->threads; t++)
    for (const Copy* c = block->copies[t]; c; c = c->next)
      if (p - (uintptr_t)c->to < c->bytes) return true;
  return false;
}

ABI void sim_copy_wait(int pending_groups) { finish_copies(pending_groups); }
}  // namespace sim
