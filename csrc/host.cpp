// What the host side of the CUDA runtime API needs: memory, copies, errors.
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace sim {
static void device_only(const char* name, u32 pc) {
  if (Report* r = report("unsupported", "in kernel", pc)) {
    copy_name(r->note, name, sizeof r->note);
    place_thread(r, current);
  }
  abort_kernel(NOT_SUPPORTED);
}

ABI int sim_malloc(void** p, size_t bytes, size_t item) {
  u32 pc = offset_of(CALLER);
  if (in_kernel()) device_only("cudaMalloc", pc);
  *p = nullptr;
  Report* r = report("allocation", "malloc", pc);
  if (r) r->size = (long)bytes;
  if (!bytes) return OK;
  char name[64];
  Place where = place(pc);
  snprintf(name, sizeof name, "the allocation of line %u", where.line);
  Allocation* a = allocate(bytes, (int)item, 0, name, HEAP);
  if (!a) return last_error = OUT_OF_MEMORY;
  memset((void*)a->base, BLANK, bytes < (1 << 22) ? bytes : 1 << 22);
  if (checking) remember(a);
  *p = (void*)a->base;
  return OK;
}

ABI int sim_free(void* p) {
  if (!p || deallocate(p)) return OK;
  report("host", "free", offset_of(CALLER));
  return last_error = INVALID_VALUE;
}

// ---------------------------------------------------------------- copies

static Allocation* holder(const void* p) { return device(p) ? find((uintptr_t)p) : variable((uintptr_t)p); }

static bool within(const void* p, size_t n, const char* what, u32 pc) {
  Allocation* a = holder(p);
  if (!a && !device(p)) return true;
  size_t offset = a ? (uintptr_t)p - a->base : 0;
  if (a && a->live && offset <= a->size && n <= a->size - offset) return true;
  if (Report* r = report("oob", what, pc)) {
    r->size = (long)n;
    r->offset = (long)offset;
    if (a) copy_name(r->variable, a->name, sizeof r->variable), r->extent = (long)a->size;
  }
  return false;
}

static void values_leave(Allocation* a, size_t offset, size_t n, u32 pc) {
  size_t first = unwritten(a, offset, n);
  if (first == offset + n) return;
  if (Report* r = report("uninit", "copy", pc)) {
    copy_name(r->variable, a->name, sizeof r->variable);
    r->offset = (long)first;
    r->extent = (long)a->size;
    r->size = (long)n;
    r->item = a->item;
  }
}

static void move_shadow(void* to, const void* from, size_t n, u32 pc) {
  Allocation *d = holder(to), *s = holder(from);
  if (d && s) {
    memmove(d->written + ((uintptr_t)to - d->base), s->written + ((uintptr_t)from - s->base), n);
    memmove(d->before + ((uintptr_t)to - d->base), s->before + ((uintptr_t)from - s->base), n);
  } else if (d) memset(d->written + ((uintptr_t)to - d->base), 1, n);
  else if (s) values_leave(s, (uintptr_t)from - s->base, n, pc);
}

static bool right_way(const void* to, const void* from, int kind, u32 pc) {
  bool bad = (kind == 1 && !holder(to)) || (kind == 2 && !holder(from)) || (kind == 3 && (!holder(to) || !holder(from)));
  if (bad) report("host", "direction", pc);
  return !bad;
}

static void check_stream(const char* name, u64 stream, u32 pc) {
  if (!stray(stream)) return;
  if (Report* r = report("stream", "call", pc)) copy_name(r->note, name, sizeof r->note);
}

static int refuse(int error) { return last_error = error; }
ABI int sim_error(int clear);

int copy(void* to, const void* from, size_t n, int kind, u32 pc) {
  if (sticky_error || !n) return sticky_error;
  bool fits = within(to, n, "copy to", pc) && within(from, n, "copy from", pc);
  if (!fits || !right_way(to, from, kind, pc)) return refuse(INVALID_VALUE);
  memmove(to, from, n);
  if (checking) move_shadow(to, from, n, pc);
  return OK;
}

ABI int sim_copy(void* to, const void* from, size_t n, int kind, u64 stream) {
  u32 pc = offset_of(CALLER);
  if (in_kernel()) device_only("cudaMemcpyAsync", pc);
  check_stream("cudaMemcpyAsync", stream, pc);
  Node node{Node::COPY, pc, {}, nullptr, nullptr, to, from, n, kind};
  if (capturing()) return keep(node), OK;
  if (late()) return queue(stream, node), sim_error(0);
  return work_on(stream, "cudaMemcpyAsync", pc), copy(to, from, n, kind, pc);
}

int set(void* to, int value, size_t n, u32 pc) {
  if (sticky_error || !n) return sticky_error;
  Allocation* a = holder(to);
  if (!a) return report("host", "set", pc), refuse(INVALID_VALUE);
  if (!within(to, n, "set", pc)) return refuse(INVALID_VALUE);
  memset(to, value, n);
  memset(a->written + ((uintptr_t)to - a->base), 1, n);
  return OK;
}

ABI int sim_set(void* to, int value, size_t n, u64 stream) {
  u32 pc = offset_of(CALLER);
  if (in_kernel()) device_only("cudaMemsetAsync", pc);
  check_stream("cudaMemsetAsync", stream, pc);
  Node node{Node::SET, pc, {}, nullptr, nullptr, to, nullptr, n, value};
  if (capturing()) return keep(node), OK;
  if (late()) return queue(stream, node), sim_error(0);
  return work_on(stream, "cudaMemsetAsync", pc), set(to, value, n, pc);
}

// ---------------------------------------------------------------- errors, synchronisation, limits

ABI int sim_error(int clear) {
  int e = sticky_error ? sticky_error : last_error;
  if (clear) last_error = OK;
  return e;
}

ABI int sim_synchronise(const char* name) {
  if (in_kernel()) device_only(name, offset_of(CALLER));
  if (Report* r = report("sync", "call", offset_of(CALLER))) copy_name(r->note, name, sizeof r->note);
  return sim_error(0);
}

ABI int sim_opt_in(size_t bytes) {
  if (bytes > DYNAMIC_LIMIT) return refuse(INVALID_VALUE);
  if (bytes > dynamic_allowed) dynamic_allowed = bytes;
  return OK;
}

ABI int sim_unsupported(const char* name) {
  if (Report* r = report("unsupported", "call", offset_of(CALLER))) copy_name(r->note, name, sizeof r->note);
  if (in_kernel()) abort_kernel(NOT_SUPPORTED);
  return refuse(NOT_SUPPORTED);
}

int multiprocessors = 4;  // few, so that grids sized by them stay small
ABI int sim_multiprocessors() { return multiprocessors; }

ABI int sim_in_kernel() { return in_kernel(); }

ABI u64 sim_clock() { return (u64)(now() * 1e9); }

ABI void sim_sleep() {
  if (in_kernel()) yield_now();
}

void assert_failed(const char* expression, u32 pc) {
  if (Report* r = report("assert", in_kernel() ? "failed" : "host failed", pc)) {
    copy_name(r->note, expression, sizeof r->note);
    if (in_kernel()) place_thread(r, current);
  }
  if (in_kernel()) abort_kernel(ASSERTED);
  flush_reports();
  _exit(98);
}
ABI void sim_assert(const char* expression) { assert_failed(expression, offset_of(CALLER)); }

ABI void sim_trap() {
  if (Report* r = report("assert", "trap", offset_of(CALLER))) place_thread(r, current);
  abort_kernel(LAUNCH_FAILURE);
}

// malloc in a kernel would hand out host memory that no check covers
ABI void* __wrap_malloc(size_t n) {
  if (in_kernel()) device_only("malloc", offset_of(CALLER));
  return malloc(n);
}
}  // namespace sim
