// The fast path of the race check: kept in line, for it runs at every access. Whatever looks wrong goes to race.cpp.
#pragma once
#include "runtime.h"

namespace sim {
// One access, as the slow path needs to know it.
struct Touch {
  Allocation* allocation;  // null: shared memory
  Slot* slot;
  size_t offset, size;  // of the granule, of the access
  u32 pc;
  bool write, atomic;
};

void after_write(const Touch& t, const Cell* c, size_t offset);
void after_read(const Touch& t, const Cell* c, size_t offset);

FORCE u32 epoch(u64 key) { return (u32)(key >> 32); }

// Two readers are remembered, of different warps where possible: one of them is not the later writer.
FORCE void remember_read(Cell* c, u64 key, u32 pc) {
  u64 d = c->read ^ key;
  if (d >> 32 || !(d >> 16)) {
    c->read = key;
    c->read_pc = pc;
    return;
  }
  d = c->reread ^ key;
  if (d >> 32 || !(d >> 16) || !(((c->reread ^ c->read) >> 21) & 0x7ff)) {
    c->reread = key;
    c->reread_pc = pc;
  }
}

FORCE void settle(Allocation* a, Slot* s, Cell* c, u64 key, size_t offset, size_t size, bool write, bool atomic, u32 pc) {
  u32 opened = launch->start_epoch;
  if (UNLIKELY((c->written ^ key) >> 16)) {
    u32 e = epoch(c->written);
    // written by this block before its last barrier: by far the commonest case, and in order
    bool earlier = s ? e - block->start < block->epoch - block->start : e < opened;
    if (UNLIKELY(!earlier)) after_write(Touch{a, s, offset, size, pc, write, atomic}, c, offset);
  }
  if (!write) return remember_read(c, key, pc | (atomic ? ATOMIC : 0));
  bool others = ((c->read ^ key) >> 16) || epoch(c->reread) == epoch(key);
  if (UNLIKELY(epoch(c->read) >= opened && others)) after_read(Touch{a, s, offset, size, pc, write, atomic}, c, offset);
  c->written = key;
  c->written_pc = pc | (atomic ? ATOMIC : 0);
}
}  // namespace sim
