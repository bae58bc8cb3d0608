// A launch: is its configuration legal, and then its blocks one after the other.
#include "graph.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

namespace sim {
int last_error, sticky_error;
u32 patience = 1;
u32 traced_blocks = ~0u;
static u64 launch_id;
static Block* blocks[2048];
static size_t block_count;
static constexpr u64 MAX_COOPERATIVE_THREADS = 16384;
u64 job_stream;

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

Block* spare_block(size_t i) { return i < block_count ? blocks[i] : nullptr; }

static Block* add_block() {
  constexpr size_t log_bytes = MAX_WARPS * 32ull * 16384 * sizeof(Access);
  Block* b = (Block*)reserve(sizeof(Block));
  if (!b || block_count == sizeof blocks / sizeof *blocks) return nullptr;
  b->shared = (char*)reserve(SHARED);
  Access* log = block_count < 64 ? (Access*)reserve(log_bytes) : nullptr;
  if (!b->shared) return nullptr;
  for (int w = 0; w < MAX_WARPS; w++) b->warp[w].log = log ? log + w * 32ull * 16384 : nullptr;
  return blocks[block_count++] = b;
}

// Blocks of a cooperative launch have just the stacks they need; the first one can hold any block.
static bool fit(Block* b, int threads) {
  if (b->capacity >= threads) return true;
  b->stack = stacks(threads);
  b->capacity = b->stack ? threads : 0;
  return b->capacity;
}

static bool have_blocks(u64 count, int threads) {  // one per OS thread, or all of a cooperative launch
  while (block_count < count)
    if (!add_block()) return false;
  for (u64 i = 0; i < count; i++)
    if (!fit(blocks[i], i ? threads : MAX_THREADS)) return false;
  return true;
}

// ---------------------------------------------------------------- the deadline

static double limit, deadline, last_deadline, progress;  // `progress`: when a block ended last

void allow(double seconds) {
  limit = seconds;
  progress = now();
  deadline = progress + limit;
  last_deadline = progress + limit * (checking ? patience : 1);
}

void note_progress() {
  double t = now();
  __atomic_store(&progress, &t, __ATOMIC_RELAXED);
}

bool overdue() {
  if (now() <= deadline) return false;
  double t;
  __atomic_load(&progress, &t, __ATOMIC_RELAXED);
  deadline = t + limit < last_deadline ? t + limit : last_deadline;
  return now() > deadline;
}

double time_left() { return deadline - now(); }

void spend(u32 pc) {
  budget = 1 << 20;
  if (!overdue()) return in_kernel() ? yield_now() : void();
  if (in_kernel()) expire(pc);
}

void expire(u32 pc) {
  put_off_alarm();
  if (Report* r = report("timeout", "accesses", pc)) {
    place_thread(r, current);
    copy_name(r->note, launch->name, sizeof r->note);
  }
  abort_kernel(LAUNCH_FAILURE);
}

// ---------------------------------------------------------------- the configuration

static const char* objection(const Launch& l, u64 threads) {
  if (!threads) return "empty block";
  if (!l.blocks) return "empty grid";
  if (threads > MAX_THREADS) return "threads";
  if (l.block.z > 64) return "block z";
  if (l.grid.x > 0x7fffffffu) return "grid x";
  if (l.grid.y > 65535 || l.grid.z > 65535) return "grid yz";
  if (l.dynamic > DYNAMIC_LIMIT) return "shared";
  return nullptr;
}

size_t dynamic_allowed = STATIC_LIMIT;

static bool refuse(const Launch& l, const char* what, int error) {
  if (Report* r = report("launch", what, l.pc)) {
    snprintf(r->note, sizeof r->note, "%s<<<(%u, %u, %u), (%u, %u, %u), %zu>>>", l.name, l.grid.x, l.grid.y, l.grid.z,
             l.block.x, l.block.y, l.block.z, l.dynamic);
    r->size = (long)l.dynamic;
  }
  last_error = error;
  return false;
}

static bool legal(const Launch& l, u64 threads) {
  if (const char* what = objection(l, threads)) return refuse(l, what, INVALID_CONFIGURATION);
  if (l.dynamic > dynamic_allowed) return refuse(l, "opt in", INVALID_VALUE);
  if (l.cooperative && threads * l.blocks > MAX_COOPERATIVE_THREADS) return refuse(l, "cooperative", TOO_MANY_BLOCKS);
  if (l.blocks > 1u << 24 && !l.cooperative) return refuse(l, "too large", INVALID_CONFIGURATION);
  return true;
}

// ---------------------------------------------------------------- running it

static void set_indices(const Launch& l) {
  blockDim = l.block;
  gridDim = l.grid;
  for (u32 t = 0; t < (u32)l.threads; t++) indices[t] = {t % l.block.x, t / l.block.x % l.block.y, t / l.block.x / l.block.y};
}

// Kernels without accesses do not see the deadline themselves.
bool in_time(u64 done) {
  if (done & 255 || !overdue()) return true;
  put_off_alarm();
  if (Report* r = report("timeout", "grid", launch->pc)) {
    copy_name(r->note, launch->name, sizeof r->note);
    r->size = (long)done;
    r->extent = (long)launch->blocks;
  }
  fail(LAUNCH_FAILURE);
  return false;
}

// Of several threads, the one that reported also says the error.
void fail(int error) {
  int none = OK;
  const void* reporter = launch ? __atomic_load_n(&launch->reporter, __ATOMIC_RELAXED) : nullptr;
  if (reporter && reporter != self()) return;
  __atomic_compare_exchange_n(&sticky_error, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void run(Launch& l) {
  launch = &l;
  l.start_epoch = epoch_now + 1;
  set_indices(l);
  resize_dynamic(l.dynamic);
  if (l.cooperative) run_cooperative(l.blocks);
  else if (several()) run_shared();
  else
    for (u64 i = 0; i < l.blocks && !sticky_error && in_time(i); i++) run_block(blocks[0], (u32)i);
  launch = nullptr;
}

bool stray(u64 stream) { return job_stream && stream <= 2; }

static Launch launch_of(const Request& q, void (*entry)(void*), void* closure, u32 pc) {
  Launch l{};
  l.grid = {q.grid[0], q.grid[1], q.grid[2]};
  l.block = {q.block[0], q.block[1], q.block[2]};
  l.dynamic = q.dynamic;
  l.entry = entry;
  l.closure = closure;
  l.cooperative = q.cooperative;
  l.blocks = (u64)q.grid[0] * q.grid[1] * q.grid[2];
  l.id = ++launch_id;
  l.pc = pc;
  copy_name(l.name, q.name, sizeof l.name);
  return l;
}

void start(const Request& q, void (*entry)(void*), void* closure, u32 pc) {
  Launch l = launch_of(q, entry, closure, pc);
  u64 threads = (u64)l.block.x * l.block.y * l.block.z;
  if (sticky_error || !legal(l, threads)) return;
  l.threads = (int)threads;
  l.warps = (l.threads + 31) / 32;
  launched(l);
  l.workers = workers_for(l);
  if (l.workers > 1 && !have_blocks(l.workers, MAX_THREADS)) l.workers = 1;
  if (have_blocks(l.cooperative ? l.blocks : 1, l.threads)) run(l);
  else refuse(l, "cooperative", OUT_OF_MEMORY);
}

static void refuse_nested(u32 pc) {
  if (Report* r = report("unsupported", "dynamic parallelism", pc)) place_thread(r, current);
  abort_kernel(NOT_SUPPORTED);
}

ABI void sim_launch(const Request* q, void (*entry)(void*), void* closure, void* (*clone)(const void*)) {
  u32 pc = offset_of(CALLER);
  if (in_kernel()) refuse_nested(pc);
  if (stray((u64)q->stream))
    if (Report* r = report("stream", "launch", pc)) copy_name(r->note, q->name, sizeof r->note);
  if (!capturing() && !late()) return work_on((u64)q->stream, q->name, pc), start(*q, entry, closure, pc);
  Node node{Node::LAUNCH, pc, *q, entry, clone(closure), nullptr, nullptr, 0, 0};
  if (capturing()) keep(node);
  else queue((u64)q->stream, node);
}
}  // namespace sim
