// Streams of a launcher in host code: work is queued, and done while somebody waits. Which stream goes on next is decided
// by chance, so that a wait or an event that is missing shows as a wrong answer or an uninitialised read. What the host
// has not waited for before the launcher returns is left over, also where chance did it in time.
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
  u32 last, known;  // when work was queued last, and up to when the host knows it done; times count what is queued
  int joins;        // the last event that it waits for; 0: none
};
struct Record {
  int stream;
  u32 time;
};
struct Join {
  int mark;
  u32 time;
  int before;  // the one before in the same stream
};

static Item* items;  // from 1 on
static u8* done;     // by mark: has the stream come to that record?
static Record* records;  // by mark
static Join* joins;      // from 1 on
static Stream streams[MAX_STREAMS];  // the first one is the default stream
static int item_count, stream_count, mark_count, join_count;
static u32 chance, tick;

bool late() { return !job_stream && !in_kernel(); }

void forget_streams() {
  item_count = mark_count = join_count = 0;
  streams[0] = Stream{};
  stream_count = 1;
  chance = 1;
  tick = 0;
}

// Nothing waits for a stream made with cudaStreamNonBlocking by itself; host.h says so in its number.
static bool blocking(const Stream& s) { return !(s.id & 8); }
static bool is_default(u64 stream) { return stream <= 2 || stream == NO_STREAM; }

static Stream& stream_of(u64 id) {
  if (is_default(id)) return streams[0];
  for (int i = 1; i < stream_count; i++)
    if (streams[i].id == id) return streams[i];
  if (stream_count == MAX_STREAMS) return streams[MAX_STREAMS - 1];
  streams[stream_count] = Stream{id, 0, 0, 0, 0, 0};
  return streams[stream_count++];
}

static void know_event(int mark);
static void know_blocking(u32 time);

// The host knows what was queued there until then to be done, and what that had to wait for itself.
static void know(Stream& s, u32 time) {
  u32 before = s.known;
  if (time <= before) return;
  s.known = time;
  for (int j = s.joins; j && joins[j].time > before; j = joins[j].before)
    if (joins[j].time <= time) know_event(joins[j].mark);
  u32 own = time < s.last ? time : s.last;  // what the default stream and a blocking one had to do before each other
  if (&s == streams) know_blocking(own);
  else if (blocking(s)) know(streams[0], own);
}

static void know_blocking(u32 time) {
  for (int i = 0; i < stream_count; i++)
    if (blocking(streams[i])) know(streams[i], time);
}

// What is asked of the default stream comes after all that blocking streams had to do, also where it has no work.
static void know_until(Stream& s, u32 time) {
  if (&s == streams) know_blocking(time);
  else know(s, time);
}

static void know_event(int mark) { know_until(streams[records[mark].stream], records[mark].time); }

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

static void drain() {
  while (step()) {}
  item_count = 0;
}

int leave() {
  drain();
  int left = 0;
  for (int i = 0; i < stream_count; i++) left += streams[i].last > streams[i].known;
  return left;
}

static void make_room() {
  if (items) return;
  items = (Item*)reserve((MAX_ITEMS + 1) * sizeof(Item)), done = (u8*)reserve(MAX_ITEMS + 1);
  records = (Record*)reserve((MAX_ITEMS + 1) * sizeof(Record)), joins = (Join*)reserve((MAX_ITEMS + 1) * sizeof(Join));
}

static void append(Stream& s, const Item& item) {
  if (item_count == MAX_ITEMS || mark_count == MAX_ITEMS) drain();
  items[++item_count] = item;
  items[item_count].next = 0;
  if (s.head) items[s.tail].next = item_count;
  else s.head = item_count;
  s.tail = item_count;
}

static void wait_for_blocking() {
  for (int i = 0; i < stream_count; i++)
    while (blocking(streams[i]) && streams[i].head && step()) {}
}

// The default stream waits for the others, and they for it: its work is done at once. A call that waits tells the host so.
void queue(u64 stream, const Node& node) {
  make_room();
  Stream& s = stream_of(stream);
  s.last = ++tick;
  if (&s != streams) return append(s, Item{Item::WORK, node, 0, 0});
  wait_for_blocking();
  perform(node);
  if (stream == NO_STREAM) know_until(s, tick);
}

ABI int sim_event_record(u64 stream, u32* clock) {
  if (!late()) return note_clock(stream, clock), 0;
  make_room();
  Stream& s = stream_of(stream);
  int mark = mark_count < MAX_ITEMS ? ++mark_count : mark_count;
  if (&s == streams) wait_for_blocking();
  else append(s, Item{Item::RECORD, {}, mark, 0});
  done[mark] = &s == streams;
  records[mark] = Record{(int)(&s - streams), tick};
  return mark;
}

ABI void sim_stream_wait(u64 stream, int mark, const u32* clock) {
  if (!late()) return follow(stream, clock);
  if (!mark) return;
  Stream& s = stream_of(stream);
  if (&s != streams) append(s, Item{Item::WAIT, {}, mark, 0});
  while (&s == streams && !done[mark] && step()) {}
  if (join_count == MAX_ITEMS) return know_event(mark);  // no room to remember it: give it the benefit of the doubt
  joins[++join_count] = Join{mark, ++tick, s.joins};
  s.joins = join_count;
}

ABI void sim_wait_for_stream(u64 stream) {
  if (!late()) return;
  Stream& s = stream_of(stream);
  if (&s == streams) wait_for_blocking();
  while (s.head && step()) {}
  know_until(s, tick);
}

ABI void sim_wait_for_all() {
  if (!late()) return;
  drain();
  for (int i = 0; i < stream_count; i++) know(streams[i], tick);
}

ABI void sim_wait_for_event(int mark) {
  if (!late() || !mark) return;
  while (!done[mark] && step()) {}
  know_event(mark);
}

// A query lets time pass.
ABI int sim_stream_busy(u64 stream) {
  if (!late()) return 0;
  step();
  Stream& s = stream_of(stream);
  if (!s.head) know(s, tick);
  return s.head != 0;
}

ABI int sim_event_busy(int mark) {
  if (!late() || !mark) return 0;
  step();
  if (done[mark]) know_event(mark);
  return !done[mark];
}
}  // namespace sim
