// One job, whoever asks for it: Python (bindings.cpp), or a program without it (tests/simulator/driver.cpp).
#include "graph.h"

#include <stdio.h>
#include <string.h>

namespace sim {
void initialise(uintptr_t address, size_t bytes) {
  Allocation* a = find(address);
  if (a) memset(a->written + (address - a->base), 1, bytes);
}

void begin(double seconds, u64 stream, u32 traced) {
  clear_reports();
  clear_traffic();
  last_error = sticky_error = 0;
  dynamic_allowed = STATIC_LIMIT;
  job_stream = stream;
  traced_blocks = traced;
  begin_joins();
  accesses = 0;
  forget_graphs();
  forget_streams();
  forget_locals();
  if (checking) remember_all();
  install_handlers();
  arm(seconds);
}

size_t finish(char* out, size_t room) {
  disarm();
  finish_joins();
  fflush(stdout);  // what kernels printed, before the worker answers
  size_t n = write_reports(out, room);
  return n + write_traffic(out + n, room - n);
}

bool use(const char* path, uintptr_t base) {
  keep_reports();
  use_module(base, 0);
  return load_lines(path, base);
}
}  // namespace sim
