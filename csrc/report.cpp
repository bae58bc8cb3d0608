// Findings: remembered once per pair of source lines, written as JSON lines. Safe to use in a signal handler.
#include "runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace sim {
int report_fd = -1;
static constexpr int MAX_REPORTS = 200, MAX_LAUNCHES = 256, CACHE = 4096;
static Report reports[MAX_REPORTS];
static Launch launches[MAX_LAUNCHES];
static int report_count, kept_count, launch_count;

void copy_name(char* to, const char* from, size_t room) {
  size_t n = from ? strnlen(from, room - 1) : 0;
  memcpy(to, from, n);
  to[n] = 0;
}

void place_thread(Report* r, int thread) {
  if (!inside) return;  // a signal between two blocks
  r->thread = indices[thread];
  r->block = block->index;
  r->has_thread = true;
}

// ---------------------------------------------------------------- once per pair of lines

struct Seen {
  const char *kind, *what;
  u32 pc, other;
  Report* report;
};
static Seen seen[CACHE];

static bool same(const Report& r, const char* kind, const char* what, Place a, Place b) {
  return !strcmp(r.kind, kind) && !strcmp(r.what, what) && r.where.line == a.line && r.other.line == b.line;
}

static Report* add(const char* kind, const char* what, Place where, Place other) {
  if (report_count == MAX_REPORTS) return nullptr;
  Report* r = &reports[report_count++];
  memset(r, 0, sizeof *r);
  r->kind = kind;
  r->what = what;
  r->where = where;
  r->other = other;
  r->count = 1;
  return r;
}

// An error ends the launch, so the workers that meet it at the same time are silent. Static shared memory ends nothing.
static bool silenced(const char* what) {
  if (!in_kernel() || !several() || !strcmp(what, "static")) return false;
  if (!launch->reporter) __atomic_store_n(&launch->reporter, self(), __ATOMIC_RELAXED);
  return launch->reporter != self();
}

static Lock lock;

Report* report(const char* kind, const char* what, u32 pc, u32 other_pc) {
  Hold hold(lock);
  if (silenced(what)) return nullptr;
  Seen& s = seen[(pc * 2654435761u ^ other_pc * 40503u ^ (u32)(uintptr_t)what) % CACHE];
  if (s.report && s.kind == kind && s.what == what && s.pc == pc && s.other == other_pc) return s.report->count++, nullptr;
  Place a = place(pc), b = other_pc ? place(other_pc) : Place{"", 0};
  Report* r = nullptr;
  bool fresh = true;
  for (int i = 0; i < report_count && fresh; i++)
    if (same(reports[i], kind, what, a, b)) r = &reports[i], r->count++, fresh = false;
  if (fresh) r = add(kind, what, a, b);
  s = Seen{kind, what, pc, other_pc, r};
  return fresh ? r : nullptr;
}

void launched(const Launch& l) {
  if (launch_count < MAX_LAUNCHES) launches[launch_count++] = l;
}

void clear_reports() {
  report_count = kept_count;
  launch_count = 0;
  memset(seen, 0, sizeof seen);
}

void keep_reports() { kept_count = report_count; }

// ---------------------------------------------------------------- JSON

struct Text {
  char* out;
  size_t room, used;
};

static void put(Text& t, const char* format, ...) {
  va_list list;
  va_start(list, format);
  int n = vsnprintf(t.out + t.used, t.room - t.used, format, list);
  va_end(list);
  if (n > 0 && (size_t)n < t.room - t.used) t.used += (size_t)n;
}

static void put_string(Text& t, const char* key, const char* value) {
  put(t, "\"%s\":\"", key);
  for (const char* c = value; *c; c++) {
    if (*c == '"' || *c == '\\') put(t, "\\%c", *c);
    else if ((u8)*c < 32) put(t, " ");
    else put(t, "%c", *c);
  }
  put(t, "\"");
}

static void put_vec(Text& t, const char* key, const Vec3& v) { put(t, ",\"%s\":[%u,%u,%u]", key, v.x, v.y, v.z); }

static void put_place(Text& t, const char* key, const Place& p) {
  if (!p.line) return;
  char text[256];
  snprintf(text, sizeof text, "%s:%u", p.file, p.line);
  put(t, ",");
  put_string(t, key, text);
}

static void put_report(Text& t, const Report& r) {
  put(t, "{\"finding\":\"%s\",\"what\":\"%s\",", r.kind, r.what);
  put_string(t, "variable", r.variable);
  put(t, ",");
  put_string(t, "note", r.note);
  put_place(t, "where", r.where);
  put_place(t, "other", r.other);
  if (r.has_thread) put_vec(t, "thread", r.thread), put_vec(t, "block", r.block);
  if (r.has_other_thread) put_vec(t, "other_thread", r.other_thread);
  if (r.has_other_block) put_vec(t, "other_block", r.other_block);
  put(t, ",\"size\":%ld,\"offset\":%ld,\"extent\":%ld,\"item\":%ld,\"count\":%llu}\n", r.size, r.offset, r.extent, r.item,
      (unsigned long long)r.count);
}

static void put_launch(Text& t, const Launch& l) {
  put(t, "{\"launch\":true,");
  put_string(t, "kernel", l.name);
  put_vec(t, "grid", l.grid);
  put_vec(t, "block", l.block);
  put(t, "}\n");
}

size_t write_reports(char* out, size_t room) {
  Text t{out, room, 0};
  for (int i = 0; i < report_count; i++) put_report(t, reports[i]);
  for (int i = 0; i < launch_count; i++) put_launch(t, launches[i]);
  return t.used;
}

void hand_over(const char* text, size_t n) {
  while (n && report_fd >= 0) {
    ssize_t k = write(report_fd, text, n);
    if (k <= 0) return;
    text += k;
    n -= (size_t)k;
  }
}

void flush_reports() {
  static char out[1 << 18];
  if (report_fd < 0) return;
  take(lock);  // and keep it: the process ends now, and nobody else may write
  hand_over(out, write_reports(out, sizeof out));
}
}  // namespace sim
