// Happens-before: two accesses of one granule, one of them a write, race unless something orders them.
#include "race.h"

#include <string.h>

namespace sim {
u32 epoch_now = 1;
static constexpr size_t MAX_EPOCHS = 1u << 28, MAX_BLOCKS = 1u << 24;
static u32* owners;     // by epoch - start_epoch
static u32* published_;  // by block: its writes of earlier epochs are visible to who acquires later

// An epoch is one block's time between two barriers; numbers grow for ever, so old shadow never needs clearing.
u32 next_epoch(Block* b) {
  if (!owners) {
    owners = (u32*)reserve(MAX_EPOCHS * sizeof(u32));
    published_ = (u32*)reserve(MAX_BLOCKS * sizeof(u32));
  }
  u32 e = ++epoch_now;
  owners[e % MAX_EPOCHS] = b->linear;
  if (e == b->start || !b->start) published_[b->linear % MAX_BLOCKS] = 0;
  return e;
}

u32 owner_of(u32 epoch) {
  if (epoch < launch->start_epoch || epoch > epoch_now || epoch_now - epoch >= MAX_EPOCHS) return ~0u;
  return owners[epoch % MAX_EPOCHS];
}

static u64 events;  // orders releases and acquires in time

// What follows gets a later clock, so that it is not taken for what the fence covers.
void fence() {
  Signal& s = block->signal[current];
  Warp& w = warp_of(current);
  s.fence_epoch = block->epoch;
  s.fence_clock = w.clock[current & 31];
  if (w.clock[current & 31] < 65535) w.clock[current & 31]++;
  w.dirty = true;
}

// A fence and then a relaxed write: what message passing is made of. Any relaxed access also takes what was passed.
void communicate(bool write) {
  Signal& s = block->signal[current];
  block->acquired = epoch_now + 1;
  s.acquire_time = ++events;
  if (!write || s.fence_epoch < block->start) return;
  u32& p = published_[block->linear % MAX_BLOCKS];
  if (s.fence_epoch + 1 > p) p = s.fence_epoch + 1;
  if (s.fence_epoch != block->epoch) return;
  s.released = s.fence_clock;
  s.release_time = ++events;
}

static bool passed(int other, u16 clock) {
  const Signal& s = block->signal[other];
  return s.fence_epoch == block->epoch && clock <= s.released && s.release_time < block->signal[current].acquire_time;
}

bool published(u32 owner, u32 epoch) {
  u32 p = published_[owner % MAX_BLOCKS];
  return p > epoch && p > launch->start_epoch && block->acquired >= p;
}

// ---------------------------------------------------------------- the record of one access

static int thread_in(u64 key) { return (u16)(key >> 16); }

static bool ordered_in_block(u64 key) {
  int other = thread_in(key);
  if (passed(other, (u16)key)) return true;
  if ((other ^ current) >> 5) return false;
  return (u16)key <= block->warp[current >> 5].seen[current & 31][other & 31];
}

static bool ordered_between_blocks(u64 key) {
  u32 owner = owner_of(epoch(key));
  return owner == ~0u || owner == block->linear || published(owner, epoch(key));
}

static Vec3 index_of_block(u32 linear) {
  const Vec3& g = launch->grid;
  return {linear % g.x, linear / g.x % g.y, linear / g.x / g.y};
}

static NOINLINE void race(const Touch& t, size_t offset, u64 key, u32 other_pc, bool other_wrote, bool between) {
  const char* what = !t.write ? "read after write" : other_wrote ? "two writes" : "write after read";
  Report* r = report("race", what, t.pc, other_pc & ~ATOMIC);
  if (!r) return;
  place_thread(r, current);
  copy_name(r->variable, t.slot ? t.slot->name : t.allocation->name, sizeof r->variable);
  copy_name(r->note, between ? "blocks" : ((thread_in(key) ^ current) >> 5) ? "block" : "warp", sizeof r->note);
  r->offset = (long)offset;
  r->item = t.slot ? t.slot->item : t.allocation->item;
  r->extent = t.slot ? 1 : 0;
  if (between) {
    r->other_block = index_of_block(owner_of(epoch(key)));
    r->has_other_block = true;
  } else {
    r->other_thread = indices[thread_in(key)];
    r->has_other_thread = true;
  }
}

static NOINLINE void never_written(const Touch& t, size_t offset) {
  const Slot& s = *t.slot;
  auto written = [&s](size_t i) { return epoch(block->cells[s.id][i >> s.shift].written) >= block->start; };
  auto is_new = [&s](size_t i) { return (u8)block->shared[s.offset + i] != BLANK; };
  if (has_value_after_all(offset, s.size, t.size, s.item, written, is_new)) return;
  Report* r = report("uninit", t.atomic ? "shared atomic" : "shared", t.pc);
  if (!r) return;
  place_thread(r, current);
  copy_name(r->variable, t.slot->name, sizeof r->variable);
  r->offset = (long)offset;
  r->item = t.slot->item;
  r->extent = t.slot->size;
  if (copy_pending((uintptr_t)block->shared + t.slot->offset + offset)) copy_name(r->note, "copy", sizeof r->note);
}

NOINLINE void after_write(const Touch& t, const Cell* c, size_t offset) {
  bool both_atomic = t.atomic && (c->written_pc & ATOMIC);
  u32 e = epoch(c->written);
  if (e == block->epoch) {
    if (!both_atomic && !ordered_in_block(c->written)) race(t, offset, c->written, c->written_pc, true, false);
  } else if (t.slot) {
    if (e < block->start && (!t.write || t.atomic)) never_written(t, offset);
  } else if (e >= launch->start_epoch && !both_atomic && !ordered_between_blocks(c->written)) {
    race(t, offset, c->written, c->written_pc, true, true);
  }
}

static bool unordered_read(u64 key) {
  return epoch(key) == block->epoch && thread_in(key) != current && !ordered_in_block(key);
}

NOINLINE void after_read(const Touch& t, const Cell* c, size_t offset) {
  bool atomic = t.atomic && (c->read_pc & ATOMIC);
  if (!atomic && unordered_read(c->read)) race(t, offset, c->read, c->read_pc, false, false);
  else if (!(t.atomic && (c->reread_pc & ATOMIC)) && unordered_read(c->reread)) race(t, offset, c->reread, c->reread_pc, false, false);
  else if (!t.slot && !atomic && epoch(c->read) != block->epoch && epoch(c->read) >= launch->start_epoch && !ordered_between_blocks(c->read))
    race(t, offset, c->read, c->read_pc, false, true);
}

}  // namespace sim
