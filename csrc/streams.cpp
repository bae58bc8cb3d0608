// Streams of a launcher in host code: work is queued, and done while somebody waits. Which stream goes on next is decided
// by chance, so that a wait or an event that is missing shows as a wrong answer or an uninitialised read.
#include "graph.h"

namespace sim {
static constexpr int MAX_ITEMS = 1 << 17, MAX_STREAMS = 256;

struct Item {
  enum { WORK, RECORD, WAIT } kind;
  Node node;
  int mark;  // of the event
  int next;  // in the same stream; 0: the last
};
struct Stream {
  u64 id;
  int head, tail;
};

static Item* items;  // from 1 on
static u8* done;     // by mark: has the stream come to that record?
static Stream streams[MAX_STREAMS];
static int item_count, stream_count, mark_count;
static u32 chance;

bool late() { return !job_stream && !in_kernel(); }

void forget_streams() {
  item_count = stream_count = mark_count = 0;
  chance = 1;
}

static Stream* stream_of(u64 id) {
  for (int i = 0; i < stream_count; i++)
    if (streams[i].id == id) return &streams[i];
  if (stream_count == MAX_STREAMS) return &streams[0];
  streams[stream_count] = Stream{id, 0, 0};
  return &streams[stream_count++];
}

static bool ready(const Stream& s) { return s.head && (items[s.head].kind != Item::WAIT || done[items[s.head].mark]); }

// Does one thing of one stream; false when nothing is left.
static bool step() {
  Stream* able[MAX_STREAMS];
  u32 count = 0;
  for (int i = 0; i < stream_count; i++)
    if (ready(streams[i])) able[count++] = &streams[i];
  if (!count) return false;
  chance = chance * 1664525u + 1013904223u;
  Stream& s = *able[(chance >> 16) % count];
  Item& item = items[s.head];
  s.head = item.next;
  if (item.kind == Item::RECORD) done[item.mark] = 1;
  if (item.kind == Item::WORK && !sticky_error) perform(item.node);
  return true;
}

int drain() {
  int steps = 0;
  while (step()) steps++;
  item_count = 0;
  return steps;
}

static void append(u64 stream, const Item& item) {
  if (!items) items = (Item*)reserve((MAX_ITEMS + 1) * sizeof(Item)), done = (u8*)reserve(MAX_ITEMS + 1);
  if (item_count == MAX_ITEMS || mark_count == MAX_ITEMS) drain();
  Stream* s = stream_of(stream);
  items[++item_count] = item;
  items[item_count].next = 0;
  if (s->head) items[s->tail].next = item_count;
  else s->head = item_count;
  s->tail = item_count;
}

// Nothing waits for a stream made with cudaStreamNonBlocking by itself; host.h says so in its number.
static bool blocking(const Stream& s) { return !(s.id & 8); }
static bool is_default(u64 stream) { return stream <= 2 || stream == NO_STREAM; }

static void wait_for_blocking() {
  for (int i = 0; i < stream_count; i++)
    while (blocking(streams[i]) && streams[i].head && step()) {}
}

// The default stream waits for the others, and they for it: its work is done at once.
void queue(u64 stream, const Node& node) {
  if (!is_default(stream)) return append(stream, Item{Item::WORK, node, 0, 0});
  wait_for_blocking();
  perform(node);
}

ABI int sim_event_record(u64 stream, u32* clock) {
  if (!late()) return note_clock(stream, clock), 0;
  if (is_default(stream)) return wait_for_blocking(), 0;
  int mark = mark_count < MAX_ITEMS ? ++mark_count : mark_count;
  if (items) done[mark] = 0;
  append(stream, Item{Item::RECORD, {}, mark, 0});
  done[mark] = 0;
  return mark;
}

ABI void sim_stream_wait(u64 stream, int mark, const u32* clock) {
  if (!late()) return follow(stream, clock);
  if (mark && !is_default(stream)) append(stream, Item{Item::WAIT, {}, mark, 0});
}

ABI void sim_wait_for_stream(u64 stream) {
  if (!late()) return;
  if (is_default(stream)) wait_for_blocking();
  else
    while (stream_of(stream)->head && step()) {}
}

ABI void sim_wait_for_all() {
  if (late()) drain();
}

ABI void sim_wait_for_event(int mark) {
  while (late() && mark && !done[mark] && step()) {}
}

// A query lets time pass.
ABI int sim_stream_busy(u64 stream) { return late() && (step(), stream_of(stream)->head != 0); }
ABI int sim_event_busy(int mark) { return late() && mark && (step(), !done[mark]); }
}  // namespace sim
