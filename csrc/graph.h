// Work as a value: what a launch, a copy or a memset is, so that a graph can keep it.
#pragma once
#include "runtime.h"

namespace sim {
struct Request {
  u32 grid[3], block[3];
  size_t dynamic;
  const void* stream;
  const char* name;
  int cooperative;
};

struct Node {
  enum { LAUNCH, COPY, SET } kind;
  u32 pc;
  Request request;
  void (*entry)(void*);
  void* closure;
  void* to;
  const void* from;
  size_t bytes;
  int detail;  // the copy's direction, or the byte to set
};

struct Graph {
  int first, count;
};

constexpr int ILLEGAL_STATE = 901;
constexpr u64 NO_STREAM = ~0ull;  // a call that waits

bool capturing();
void keep(const Node& n);
void forget_graphs();
extern u64 job_stream;    // what the launcher was given; 0: it may use any
bool stray(u64 stream);  // the default stream, though the launcher was given another
void start(const Request& q, void (*entry)(void*), void* closure, u32 pc);
int copy(void* to, const void* from, size_t n, int kind, u32 pc);
int set(void* to, int value, size_t n, u32 pc);
void perform(const Node& n);

// Streams of a launcher in host code (streams.cpp).
bool late();  // is work queued?
void queue(u64 stream, const Node& node);
int leave();  // does all that is queued; on how many streams there was work that nobody waited for
void forget_streams();

// Streams of a launcher that is recorded: its own must be joined to the one it was given (joins.cpp).
void begin_joins();
void work_on(u64 stream, const char* name, u32 pc);  // outside of a capture
void note_clock(u64 stream, u32* clock);
void follow(u64 stream, const u32* clock);
void finish_joins();  // reports work that the caller's stream does not wait for
}  // namespace sim
