// One block: its threads as fibers, who runs next, and __syncthreads.
#include "runtime.h"

#include <string.h>

extern "C" {
OWN Vec3 threadIdx, blockIdx;
OWN int sim_lane, sim_thread;
Vec3 blockDim, gridDim;
u32 sim_rubbish;
}

ABI Vec3 sim_thread_index() { return threadIdx; }
ABI Vec3 sim_block_index() { return blockIdx; }
ABI Vec3 sim_block_dim() { return blockDim; }
ABI Vec3 sim_grid_dim() { return gridDim; }
ABI int sim_lane_number() { return sim_lane; }
ABI int sim_thread_number() { return sim_thread; }
ABI u32 sim_rubbish_kind() { return sim_rubbish; }

namespace sim {
OWN Block* block;
Launch* launch;
OWN int current;
OWN bool inside;
Vec3 indices[MAX_THREADS];
static OWN Context main_context;

// ---------------------------------------------------------------- who runs

void select(int thread) {
  current = thread;
  threadIdx = indices[thread];
  sim_thread = thread;
  sim_lane = thread & 31;
}

static int first(u32 lanes) { return __builtin_ctz(lanes); }

// Lane by lane within the warp, then the next warp: a spinning warp cannot starve the others.
static int pick() {
  int warp = current >> 5, lane = current & 31;
  if (u32 m = block->warp[warp].runnable) {
    u32 later = lane == 31 ? 0 : m & (~0u << (lane + 1));
    return (warp << 5) + first(later ? later : m);
  }
  for (int k = 1; k <= launch->warps; k++) {
    int w = (warp + k) % launch->warps;
    if (u32 m = block->warp[w].runnable) return (w << 5) + first(m);
  }
  return -1;
}

static void thread_main();

// A thread gets a stack when it starts, and hands it to the next one if it returns without ever having waited.
static void give_stack(int thread) {
  int i = block->stacks_taken++;
  // stacks start at different cache lines, or a thousand of them would share one set
  block->context[thread] = prepare(block->stack + (size_t)(i + 1) * STACK - (i & 63) * 64, thread_main);
}

static void resume(Context* save, int thread) {
  if (!block->context[thread]) give_stack(thread);
  select(thread);
  sim_switch(save, block->context[thread]);
}

static bool stuck_block();

void proceed(int from) {
  Block* here = block;
  for (;;) {
    int next = pick();
    if (next == from && block == here) return select(next);
    if (next >= 0) return resume(&here->context[from], next);
    if (converge()) continue;
    if (launch->cooperative && resume_other_block(from)) return;
    if (block->live || stuck_block()) deadlock();
    sim_switch(&here->context[from], main_context);
    __builtin_unreachable();
  }
}

// Lets another thread run, preferring another warp: what a spin-wait needs to make progress.
void yield_now() {
  int me = current;
  if (several() && failed()) abort_kernel(failed());  // it may wait for a block that is no more
  for (int k = 1; k <= launch->warps; k++) {
    int w = ((me >> 5) + k) % launch->warps;
    u32 m = block->warp[w].runnable;
    if (w == me >> 5) {
      u32 later = (me & 31) == 31 ? 0 : m & (~0u << ((me & 31) + 1));
      m = later ? later : m & ~bit_of(me);
    }
    if (m) return resume(&block->context[me], (w << 5) + first(m));
  }
  if (launch->cooperative) resume_other_block(me);
}

static u32 cooperative_next;
static u64 cooperative_blocks;

bool resume_other_block(int from) {
  Block* here = block;
  for (u64 k = 1; k <= cooperative_blocks; k++) {
    u64 i = (cooperative_next + k) % cooperative_blocks;
    block = spare_block(i);
    if (block == here || !block->live) continue;
    current = launch->warps * 32 - 1;
    int next = pick();
    if (next < 0 && converge()) next = pick();
    if (next < 0) continue;
    cooperative_next = (u32)i;
    blockIdx = block->index;
    resume(&here->context[from], next);
    return true;
  }
  block = here;
  current = from;
  return false;
}

// A block that waits at grid.sync() while another has returned.
static bool stuck_block() {
  for (u64 i = 0; launch->cooperative && i < cooperative_blocks; i++)
    if (spare_block(i)->live) {
      block = spare_block(i);
      return true;
    }
  return false;
}

// After a fault nothing of the kernel is worth running: its threads are dropped where they stand.
void abort_kernel(int error) {
  static OWN Context dropped;
  fail(error);
  sim_switch(&dropped, main_context);
  __builtin_unreachable();
}

// ---------------------------------------------------------------- a thread's life

// Back when nobody waited for this thread and the next one has not started: it may run on this stack.
static void leave() {
  int thread = current;
  Warp& w = warp_of(thread);
  drop_copies();
  w.live &= ~bit_of(thread);
  w.runnable &= ~bit_of(thread);
  block->live--;
  block->returned++;
  if (w.waiting) complete_warp(thread >> 5);
  if (block->live) pass_barrier();
  int next = pick();
  if (next >= 0 && !block->context[next]) return select(next);
  proceed(thread);
  __builtin_unreachable();
}

static void thread_main() {
  for (;;) {
    block->context[current] = &main_context;  // started; where it stands is noted when it waits
    launch->entry(launch->closure);
    leave();
  }
}

static void open_warp(Warp& w, int lanes, u32 linear) {
  w.live = w.runnable = lanes >= 32 ? ~0u : (1u << lanes) - 1;
  w.waiting = w.barred = 0;
  memset(w.seen, 0, sizeof w.seen);
  for (u16& c : w.clock) c = 1;
  memset(w.logged, 0, sizeof w.logged);
  w.dirty = false;
  w.traced = checking && linear < traced_blocks;
}

void open_block(Block* b, u32 linear) {
  const Vec3& g = launch->grid;
  b->index = {linear % g.x, linear / g.x % g.y, linear / g.x / g.y};
  b->linear = linear;
  b->live = launch->threads;
  b->arrived = b->returned = 0;
  b->at_grid = false;
  b->stacks_taken = 0;
  b->acquired = 0;
  if (checking) b->epoch = b->start = next_epoch(b), blank(b);
  for (int i = 0; i < launch->warps; i++) open_warp(b->warp[i], launch->threads - 32 * i, linear);
  for (int t = 0; t < launch->threads; t++) {
    b->context[t] = nullptr;
    b->group[t] = 0;
    b->copies[t] = nullptr;
    b->signal[t] = Signal{};
  }
}

static void count_block(Block* b) {
  for (int i = 0; i < launch->warps; i++) count_warp(b->warp[i]);
}

static void enter(Block* b) {
  block = b;
  blockIdx = b->index;
  select(0);
  inside = true;
  give_stack(0);
  sim_switch(&main_context, b->context[0]);
  inside = false;
}

void run_block(Block* b, u32 linear) {
  open_block(b, linear);
  enter(b);
  count_block(b);
  note_progress();
}

void run_cooperative(u64 blocks) {
  cooperative_blocks = blocks;
  cooperative_next = 0;
  for (u64 i = 0; i < blocks; i++) open_block(spare_block(i), (u32)i);
  enter(spare_block(0));
  for (u64 i = 0; i < blocks; i++) count_block(spare_block(i));
}

// ---------------------------------------------------------------- __syncthreads

static bool barred(int thread) { return block->warp[thread >> 5].barred & bit_of(thread); }

// Threads that meet at two different barriers, or that have returned, make the barrier undefined.
static void judge_barrier() {
  int one = -1;
  for (int t = 0; t < launch->threads; t++) {
    if (!barred(t)) continue;
    if (one < 0) one = t;
    u32 a = block->barrier_pc[one], b = block->barrier_pc[t];
    if (a == b || place(a).line == place(b).line) continue;
    if (Report* r = report("divergence", "two", a, b)) {
      place_thread(r, one);
      r->other_thread = indices[t];
      r->has_other_thread = true;
    }
    return;
  }
  if (!block->returned) return;
  if (Report* r = report("divergence", "returned", block->barrier_pc[one])) {
    place_thread(r, one);
    r->size = block->arrived;
    r->extent = launch->threads;
  }
}

static void reduce_predicates() {
  int holds = 0, all = 0;
  for (int t = 0; t < launch->threads; t++)
    if (barred(t)) all++, holds += block->predicate[t] != 0;
  block->result = block->reduce == 1 ? holds : block->reduce == 2 ? holds == all : holds > 0;
}

static void release_barrier(Block* b) {
  Block* here = block;
  block = b;
  for (int i = 0; i < launch->warps; i++) {
    Warp& w = b->warp[i];
    w.runnable |= w.barred;
    w.barred = 0;
    count_warp(w);
    if (!w.dirty) continue;
    memset(w.seen, 0, sizeof w.seen);
    for (u16& c : w.clock) c = 1;
    for (int l = 0; l < 32; l++) b->signal[32 * i + l].released = 0;
    w.dirty = false;
  }
  b->arrived = 0;
  if (checking) b->epoch = next_epoch(b);
  block = here;
}

static bool everyone_at_grid() {
  for (u64 i = 0; i < cooperative_blocks; i++) {
    Block* b = spare_block(i);
    if (b->live && !(b->at_grid && b->arrived == b->live)) return false;
  }
  return true;
}

static bool pass_grid() {
  if (!everyone_at_grid()) return false;
  launch->start_epoch = epoch_now + 1;  // all that came before is ordered before all that follows
  for (u64 i = 0; i < cooperative_blocks; i++) {
    Block* b = spare_block(i);
    b->at_grid = false;
    if (b->live) release_barrier(b);
  }
  return true;
}

bool pass_barrier() {
  if (!block->arrived || block->arrived != block->live) return false;
  if (checking) judge_barrier();
  if (block->at_grid) return pass_grid();
  if (block->reduce) reduce_predicates();
  release_barrier(block);
  return true;
}

static void wait(u32 pc) {
  int thread = current;
  Warp& w = warp_of(thread);
  w.runnable &= ~bit_of(thread);
  w.barred |= bit_of(thread);
  block->barrier_pc[thread] = pc;
  block->arrived++;
  if (w.waiting) complete_warp(thread >> 5);
  pass_barrier();
  proceed(thread);
}

ABI int sim_barrier(int reduce, int predicate) {
  if (UNLIKELY(!in_kernel())) return 0;
  block->predicate[current] = predicate;
  block->reduce = reduce;
  wait(offset_of(CALLER));
  return block->result;
}

ABI void sim_grid_barrier() {
  u32 pc = offset_of(CALLER);
  if (!launch->cooperative) {
    if (Report* r = report("launch", "grid", pc)) copy_name(r->note, launch->name, sizeof r->note);
    abort_kernel(LAUNCH_FAILURE);
  }
  block->at_grid = true;
  block->reduce = 0;
  wait(pc);
}

// ---------------------------------------------------------------- nobody can go on

static void describe(Report* r, int thread, bool at_barrier) {
  place_thread(r, thread);
  const Pending& p = warp_of(thread).pending[thread & 31];
  r->item = at_barrier ? 0 : (long)p.mask;
  r->extent = launch->threads;
  r->size = block->returned;
}

void deadlock() {
  int one = -1, two = -1;
  auto pc_of = [](int t) { return barred(t) ? block->barrier_pc[t] : warp_of(t).pending[t & 31].pc; };
  for (int t = 0; t < launch->threads; t++) {
    if (!(warp_of(t).live & bit_of(t))) continue;
    if (one < 0) one = t;
    else if (two < 0 && pc_of(t) != pc_of(one)) two = t;
  }
  if (one >= 0) {
    Report* r = report("deadlock", barred(one) ? "barrier" : "collective", pc_of(one), two < 0 ? 0 : pc_of(two));
    if (r) describe(r, one, barred(one));
    if (r && two >= 0) r->other_thread = indices[two], r->has_other_thread = true;
  }
  abort_kernel(LAUNCH_FAILURE);
}
}  // namespace sim
