// Sectors and wavefronts, as the hardware's profiler counts them: the n-th executions of one instruction by the lanes
// of a warp between two barriers are one request.
#include "runtime.h"

#include <stdio.h>
#include <string.h>

namespace sim {
static constexpr u32 LOG = 16384, STATS = 4096, GROUPS = 1 << 17, COUNTS = 2048;

struct Stat {
  u32 pc;
  u8 flags;
  bool used;
  u64 requests, moved, ideal;
};
static Stat stats[STATS];

struct Group {
  u32 mask;
  u8 size, flags;
  u32 pc;
  u64 address[32];
};

void log_access(Warp& w, u32 pc, unsigned size, u8 flags, u64 address) {
  u32& n = w.logged[current & 31];
  if (w.log && n < LOG) w.log[(current & 31) * LOG + n++] = Access{pc, (u8)size, flags, address};
}

// ---------------------------------------------------------------- one request

static Stat* stat_of(u32 pc, u8 flags) {
  for (u32 i = pc * 2654435761u % STATS, k = 0; k < STATS; k++, i = (i + 1) % STATS) {
    if (!stats[i].used) stats[i] = Stat{pc, flags, true, 0, 0, 0};
    if (stats[i].pc == pc && stats[i].flags == flags) return &stats[i];
  }
  return nullptr;
}

static u32 sectors(const Group& g) {
  u64 seen[128];
  u32 count = 0;
  for (u32 q = g.mask; q; q &= q - 1) {
    u64 a = g.address[__builtin_ctz(q)];
    for (u64 s = a >> 5; s <= (a + g.size - 1) >> 5; s++) {
      u32 k = count;  // neighbours come last: look there first
      while (k && seen[k - 1] != s) k--;
      if (!k && count < 128) seen[count++] = s;
    }
  }
  return count;
}

// The least sectors that hold as many distinct bytes; lanes that read the same word share it.
static u32 ideal_sectors(const Group& g) {
  u64 seen[32];
  u32 count = 0;
  for (u32 q = g.mask; q; q &= q - 1) {
    u64 a = g.address[__builtin_ctz(q)];
    u32 k = count;
    while (k && seen[k - 1] != a) k--;
    if (!k) seen[count++] = a;
  }
  return (count * g.size + 31) / 32;
}

// Lanes of one phase (128 bytes at most) that want different words of one bank take turns.
static u32 wavefronts(const Group& g, u32 lanes, u32* words) {
  u64 banks[32][32];
  u8 count[32] = {};
  u32 worst = 1;
  for (u32 q = lanes; q; q &= q - 1) {
    u64 first = g.address[__builtin_ctz(q)] / 4, last = (g.address[__builtin_ctz(q)] + g.size - 1) / 4;
    for (u64 word = first; word <= last; word++) {
      u32 bank = word & 31, k = 0;
      while (k < count[bank] && banks[bank][k] != word) k++;
      if (k < count[bank] || count[bank] == 32) continue;
      banks[bank][count[bank]++] = word;
      ++*words;
      if (count[bank] > worst) worst = count[bank];
    }
  }
  return worst;
}

static void account_shared(Stat& s, const Group& g) {
  u32 per = g.size <= 4 ? 32 : g.size == 8 ? 16 : 8;
  for (u32 first = 0; first < 32; first += per) {
    u32 lanes = g.mask & (per == 32 ? ~0u : ((1u << per) - 1) << first), words = 0;
    if (!lanes) continue;
    s.moved += wavefronts(g, lanes, &words);
    s.ideal += (words + 31) / 32;
  }
}

static NOINLINE void account(const Group& g) {
  Stat* s = stat_of(g.pc, g.flags);
  if (!s) return;
  s->requests++;
  if (g.flags & IN_SHARED) return account_shared(*s, g);
  s->moved += sectors(g);
  s->ideal += ideal_sectors(g);
}

// ---------------------------------------------------------------- from logs to requests

static Access* log_of(Warp& w, u32 lane) { return w.log + lane * LOG; }

// Lanes that ran in step have equal logs: no search is needed while they agree.
static u32 lockstep(Warp& w, u32 lanes) {
  Group g;
  for (u32 i = 0;; i++) {
    u32 lead = (u32)__builtin_ctz(lanes);
    if (i >= w.logged[lead]) return i;
    const Access& a = log_of(w, lead)[i];
    g.mask = lanes;
    g.pc = a.pc, g.size = a.size, g.flags = a.flags;
    for (u32 q = lanes; q; q &= q - 1) {
      u32 l = (u32)__builtin_ctz(q);
      const Access& b = log_of(w, l)[i];
      if (i >= w.logged[l] || b.pc != a.pc || b.flags != a.flags) return i;
      g.address[l] = b.address;
    }
    account(g);
  }
}

struct Site {  // one instruction: its groups by execution number, and how often the present lane has run it
  u32 pc, first, length, room, runs, lane;
  u8 flags;
};
static Site sites[COUNTS];
static u32 site_index[COUNTS * 2], site_count, group_count;
static Group groups[GROUPS];
static u32 next_group[GROUPS], last_group[COUNTS];

static Site* site_of(const Access& a) {
  u32 i = (a.pc * 2654435761u ^ a.flags) % (COUNTS * 2);
  for (;; i = (i + 1) % (COUNTS * 2)) {
    if (!site_index[i]) break;
    Site& s = sites[site_index[i] - 1];
    if (s.pc == a.pc && s.flags == a.flags) return &s;
  }
  if (site_count == COUNTS) return nullptr;
  site_index[i] = ++site_count;
  sites[site_count - 1] = Site{a.pc, 0, 0, 0, 0, 32, a.flags};
  return &sites[site_count - 1];
}

static Group* next_execution(Site& s, u32 lane, const Access& a, u32* cursor) {
  u32 id = (u32)(&s - sites);
  if (s.lane != lane) s.lane = lane, cursor[id] = s.first;
  else cursor[id] = next_group[cursor[id] - 1];
  if (!cursor[id]) {
    if (group_count == GROUPS) return nullptr;
    Group& g = groups[group_count++];
    next_group[group_count - 1] = 0;
    g.mask = 0, g.pc = a.pc, g.size = a.size, g.flags = a.flags;
    if (s.first) next_group[last_group[id] - 1] = group_count;
    else s.first = group_count;
    last_group[id] = cursor[id] = group_count;
  }
  return &groups[cursor[id] - 1];
}

static void scattered(Warp& w, u32 from) {
  static u32 cursor[COUNTS];
  site_count = group_count = 0;
  memset(site_index, 0, sizeof site_index);
  for (u32 lane = 0; lane < 32; lane++)
    for (u32 i = from; i < w.logged[lane]; i++) {
      const Access& a = log_of(w, lane)[i];
      Site* s = site_of(a);
      Group* g = s ? next_execution(*s, lane, a, cursor) : nullptr;
      if (!g) break;
      g->mask |= 1u << lane;
      g->address[lane] = a.address;
    }
  for (u32 i = 0; i < group_count; i++) account(groups[i]);
}

void count_warp(Warp& w) {
  if (!w.traced || !w.log) return;
  u32 lanes = 0, longest = 0;
  for (u32 l = 0; l < 32; l++) {
    if (w.logged[l]) lanes |= 1u << l;
    if (w.logged[l] > longest) longest = w.logged[l];
  }
  if (!lanes) return;
  u32 done = lockstep(w, lanes);
  if (done < longest) scattered(w, done);
  memset(w.logged, 0, sizeof w.logged);
}

void clear_traffic() { memset(stats, 0, sizeof stats); }

// ---------------------------------------------------------------- per source line

static const char* access_name(u8 flags) { return flags & IS_ATOMIC ? "atomic" : flags & WRITE ? "write" : "read"; }

static void merge(Stat* lines, u32& count, const Stat& s) {
  u32 line = place(s.pc).line;
  for (u32 i = 0; i < count; i++) {
    Stat& l = lines[i];
    if (l.pc != line || l.flags != s.flags) continue;
    l.requests += s.requests, l.moved += s.moved, l.ideal += s.ideal;
    return;
  }
  lines[count] = s;
  lines[count++].pc = line;
}

size_t write_traffic(char* out, size_t room) {
  static Stat lines[STATS];
  u32 count = 0;
  size_t used = 0;
  for (const Stat& s : stats)
    if (s.used) merge(lines, count, s);
  for (u32 i = 0; i < count && used + 200 < room; i++)
    used += (size_t)snprintf(out + used, room - used,
        "{\"traffic\":%u,\"space\":\"%s\",\"access\":\"%s\",\"requests\":%llu,\"sectors\":%llu,\"ideal\":%llu}\n", lines[i].pc,
        lines[i].flags & IN_SHARED ? "shared" : "global", access_name(lines[i].flags), (unsigned long long)lines[i].requests,
        (unsigned long long)lines[i].moved, (unsigned long long)lines[i].ideal);
  return used;
}
}  // namespace sim
