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

bool capturing();
void keep(const Node& n);
void forget_graphs();
void begin_streams();
void work_on(u64 stream, const char* name, u32 pc);  // outside of a capture
void finish_streams();  // reports work that the caller's stream does not wait for
bool stray(u64 stream);  // the default stream, though the launcher was given another
void start(const Request& q, void (*entry)(void*), void* closure, u32 pc);
int copy(void* to, const void* from, size_t n, int kind, u32 pc);
int set(void* to, int value, size_t n, u32 pc);
}  // namespace sim
