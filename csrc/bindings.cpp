// The Python side: what grader/backends/simulator.py calls. Nothing else of the runtime knows pybind11.
#include "graph.h"

#include <pybind11/pybind11.h>
#include <stdio.h>
#include <string.h>

#include <string>

namespace sim {
extern size_t dynamic_allowed;
extern u64 job_stream;
}  // namespace sim

namespace {
u64 allocate(size_t bytes, int item, size_t residue, const char* name) {
  sim::Allocation* a = sim::allocate(bytes, item, residue, name, sim::BUFFER);
  return a ? a->base : 0;
}

void initialise(u64 address, size_t bytes) {
  sim::Allocation* a = sim::find(address);
  if (a) memset(a->written + (address - a->base), 1, bytes);
}

void begin(double seconds, u64 stream) {
  sim::clear_reports();
  sim::clear_traffic();
  sim::last_error = sim::sticky_error = 0;
  sim::dynamic_allowed = sim::STATIC_LIMIT;
  sim::job_stream = stream;
  sim::begin_streams();
  sim::accesses = 0;
  sim::forget_graphs();
  sim::install_handlers();
  sim::arm(seconds);
}

std::string finish() {
  sim::disarm();
  sim::finish_streams();
  fflush(stdout);  // what kernels printed, before the worker answers
  std::string text(1 << 20, 0);
  size_t n = sim::write_reports(&text[0], text.size());
  n += sim::write_traffic(&text[n], text.size() - n);
  text.resize(n);
  text += "{\"end\":true}\n";
  sim::hand_over(text.data(), text.size());
  return text;
}

bool use(const char* path, u64 base) {
  sim::keep_reports();
  sim::use_module(base, 0);
  return sim::load_lines(path, base);
}
}  // namespace

PYBIND11_MODULE(_simulator, m) {
  m.doc() = "The simulator's runtime: CUDA threads as fibers, with every access checked.";
  m.def("allocate", &allocate, "Device memory whose address is `residue` past a multiple of 64 KiB; 0 when there is none.");
  m.def("initialise", &initialise, "Marks bytes as having a value.");
  m.def("free_all", &sim::deallocate_all, "Frees all device memory.");
  m.def("use", &use, "Takes line numbers from the library at `path`, loaded at `base`; False if it has none.");
  m.def("begin", &begin, "Starts a job: no findings, a time limit in seconds, the stream it was given.");
  m.def("finish", &finish, "Ends a job: findings, launches and counters as JSON lines.");
  m.def("error", [] { return sim::sticky_error ? sim::sticky_error : sim::last_error; });
  m.def("accesses", [] { return sim::accesses; }, "Accesses checked since `begin`.");
  m.def("report_to", [](int fd) { sim::report_fd = fd; }, "The file that gets the findings when the process must die.");
  m.def("options", [](bool checking, u32 traced, bool pedantic, u32 threads) {
    sim::checking = checking, sim::traced_blocks = traced, sim::pedantic = pedantic, sim::workers_wanted = threads;
  }, pybind11::arg(), pybind11::arg(), pybind11::arg(), pybind11::arg("threads") = 0,
     "Whether accesses are checked, of how many blocks traffic is counted, whether shuffles order no memory, "
     "on how many OS threads unchecked launches run (0: all cores, at most 8).");
}
