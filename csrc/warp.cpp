// Warp collectives: lanes meet, the last one computes for all; meeting orders what they did before.
#include "runtime.h"

#include <string.h>

namespace sim {
bool pedantic;
enum { SYNCWARP = 1, SHUFFLE = 2, ACTIVEMASK = 100 };

// After a meeting every lane is ordered after all that the others did before it.
static void merge_clocks(Warp& w, u32 lanes) {
  u16 newest[32] = {};
  w.dirty = true;
  for (u32 q = lanes; q; q &= q - 1) {
    int u = __builtin_ctz(q);
    w.seen[u][u] = w.clock[u];
    for (int s = 0; s < 32; s++)
      if (w.seen[u][s] > newest[s]) newest[s] = w.seen[u][s];
  }
  for (u32 q = lanes; q; q &= q - 1) {
    int u = __builtin_ctz(q);
    memcpy(w.seen[u], newest, sizeof newest);
    if (w.clock[u] < 65535) w.clock[u]++;
  }
}

static u32 agreeing(const Warp& w, const Pending& p, u32 need) {
  u32 same = 0;
  for (u32 q = need & w.waiting; q; q &= q - 1) {
    int l = __builtin_ctz(q);
    if (w.pending[l].mask == p.mask && w.pending[l].kind == p.kind) same |= 1u << l;
  }
  return same;
}

static void run_collective(Warp& w, const Pending& p, u32 lanes) {
  void* data[32] = {};
  for (u32 q = lanes; q; q &= q - 1) data[__builtin_ctz(q)] = w.pending[__builtin_ctz(q)].data;
  p.all(data, lanes);
  if (checking && !(pedantic && p.kind != SYNCWARP)) merge_clocks(w, lanes);
  w.waiting &= ~lanes;
  w.runnable |= lanes;
}

bool complete_warp(int warp) {
  Warp& w = block->warp[warp];
  bool any = false;
  for (u32 q = w.waiting; q;) {
    int l = __builtin_ctz(q);
    Pending p = w.pending[l];
    q &= ~(1u << l);
    if (p.kind == ACTIVEMASK) continue;
    u32 need = p.mask & w.live, same = agreeing(w, p, need);
    q &= ~same;
    if (!need || same != need) continue;
    run_collective(w, p, need);
    any = true;
  }
  return any;
}

static int bad_mask(u32 mask, u32 pc) {
  if (Report* r = report("mask", "unnamed", pc)) {
    place_thread(r, current);
    r->item = (long)mask;
  }
  abort_kernel(LAUNCH_FAILURE);
}

ABI void sim_collective(unsigned mask, int kind, void* mine, void (*all)(void**, unsigned)) {
  u32 pc = offset_of(CALLER), bit = bit_of(current);
  int thread = current;
  Warp& w = warp_of(thread);
  if (UNLIKELY(!(mask & bit))) bad_mask(mask, pc);
  w.pending[thread & 31] = Pending{mask, kind, pc, mine, all};
  w.waiting |= bit;
  w.runnable &= ~bit;
  u32 need = mask & w.live;
  if ((w.waiting & need) == need) complete_warp(thread >> 5);
  if (UNLIKELY(--budget == 0)) spend(pc);
  proceed(thread);
}

// A shuffle that reads a lane which has returned, or which the block never had, reads nothing.
ABI void sim_absent_lane(int lane, unsigned mask) {
  if (!checking || !(mask >> lane & 1)) return;
  int here = (current >> 5 << 5) + lane;
  if (Report* r = report("mask", here >= launch->threads ? "missing" : "returned", offset_of(CALLER))) {
    place_thread(r, current);
    r->item = (long)mask;
    r->offset = lane;
  }
}

static u32 same_place(const Warp& w) {
  u32 lanes = 0, pc = 0;
  for (u32 q = w.waiting; q; q &= q - 1) {
    int l = __builtin_ctz(q);
    if (w.pending[l].kind != ACTIVEMASK || (lanes && w.pending[l].pc != pc)) continue;
    pc = w.pending[l].pc;
    lanes |= 1u << l;
  }
  return lanes;
}

static bool answer_activemask(Warp& w) {
  u32 lanes = same_place(w);
  for (u32 q = lanes; q; q &= q - 1) *(unsigned*)w.pending[__builtin_ctz(q)].data = lanes;
  w.waiting &= ~lanes;
  w.runnable |= lanes;
  return lanes;
}

bool converge() {
  bool any = false;
  for (int i = 0; i < launch->warps; i++) {
    Warp& w = block->warp[i];
    if (!w.runnable && w.waiting) any |= answer_activemask(w);
  }
  return any;
}

// The lanes of a warp that stand at the same call when no other lane of it can run.
ABI unsigned sim_activemask() {
  unsigned lanes = 0;
  int thread = current;
  Warp& w = warp_of(thread);
  w.pending[thread & 31] = Pending{0, ACTIVEMASK, offset_of(CALLER), &lanes, nullptr};
  w.waiting |= bit_of(thread);
  w.runnable &= ~bit_of(thread);
  if (!w.runnable) answer_activemask(w);
  proceed(thread);
  return lanes;
}
}  // namespace sim
