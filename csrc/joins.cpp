// Streams of a launcher that is recorded. Which have been ordered with the caller's: vector clocks that events carry from one stream to another. Work on a
// stream of the launcher's own must wait for the caller's, and the caller's must wait for it before the launcher returns.
#include "graph.h"

#include <string.h>

namespace sim {
constexpr int STREAMS = 64;               // as in the headers' sim_event
constexpr u64 FIRST = 0x5171000, STEP = 16;  // handles, as new_stream deals them out

static u32 clocks[STREAMS][STREAMS];  // [a][b]: how much of b's work a waits for; 0 is the caller's stream
static u32 begun;                     // the caller's clock when the job began
struct Work {
  u32 last, pc;
  bool forked;
  char name[96];
};
static Work works[STREAMS];

static int index_of(u64 stream) {
  if (job_stream && stream == job_stream) return 0;
  u64 i = (stream - FIRST) / STEP;
  return stream > FIRST && i < STREAMS ? (int)i : -1;
}

void begin_joins() {
  memset(works, 0, sizeof works);
  begun = ++clocks[0][0];
}

void work_on(u64 stream, const char* name, u32 pc) {
  int s = index_of(stream);
  if (s < 0) return;
  u32 now = ++clocks[s][s];
  if (!s) return;
  Work& w = works[s];
  w.forked = (w.forked || !w.last) && clocks[s][0] >= begun;
  w.last = now;
  w.pc = pc;
  copy_name(w.name, name, sizeof w.name);
}

void finish_joins() {
  for (int s = 1; s < STREAMS; s++) {
    const Work& w = works[s];
    bool joined = clocks[0][s] >= w.last;
    if (!w.last || (joined && w.forked)) continue;
    if (Report* r = report("stream", joined ? "unforked" : "unjoined", w.pc)) copy_name(r->note, w.name, sizeof r->note);
  }
}

void note_clock(u64 stream, u32* clock) {
  int s = index_of(stream);
  if (s >= 0 && !capturing()) memcpy(clock, clocks[s], sizeof clocks[s]);
}

void follow(u64 stream, const u32* clock) {
  int s = index_of(stream);
  if (s < 0 || capturing()) return;
  for (int i = 0; i < STREAMS; i++)
    if (clock[i] > clocks[s][i]) clocks[s][i] = clock[i];
}
}  // namespace sim
