// The Python side: what grader/backends/simulator.py calls. Nothing else of the runtime knows pybind11.
#include "graph.h"

#include <pybind11/pybind11.h>

#include <string>

namespace {
u64 allocate(size_t bytes, int item, size_t residue, const char* name) {
  sim::Allocation* a = sim::allocate(bytes, item, residue, name, sim::BUFFER);
  return a ? a->base : 0;
}

std::string finish() {
  std::string text(1 << 20, 0);
  text.resize(sim::finish(&text[0], text.size()));
  text += "{\"end\":true}\n";
  sim::hand_over(text.data(), text.size());
  return text;
}
}  // namespace

PYBIND11_MODULE(_simulator, m) {
  m.doc() = "The simulator's runtime: CUDA threads as fibers, with every access checked.";
  m.def("allocate", &allocate, "Device memory whose address is `residue` past a multiple of 64 KiB; 0 when there is none.");
  m.def("initialise", &sim::initialise, "Marks bytes as having a value.");
  m.def("free_all", &sim::deallocate_all, "Frees all device memory.");
  m.def("use", &sim::use, "Takes line numbers from the library at `path`, loaded at `base`; False if it has none.");
  m.def("begin", &sim::begin, "Starts a job: no findings, a time limit in seconds, the stream it was given, of how many blocks traffic is counted.");
  m.def("leave", &sim::leave, "Does what the launcher left on its streams, where it may use any; on how many there was work nobody waited for.");
  m.def("finish", &finish, "Ends a job: findings, launches and counters as JSON lines.");
  m.def("error", [] { return sim::sticky_error ? sim::sticky_error : sim::last_error; });
  m.def("accesses", [] { return sim::accesses; }, "Accesses checked since `begin`.");
  m.def("report_to", [](int fd) { sim::report_fd = fd; }, "The file that gets the findings when the process must die.");
  m.def("options", [](bool checking, bool pedantic, u32 threads, int multiprocessors, u32 rubbish, u32 patience) {
    sim::checking = checking, sim::pedantic = pedantic, sim::workers_wanted = threads;
    sim::multiprocessors = multiprocessors, sim_rubbish = rubbish, sim::patience = patience;
  }, "Whether accesses are checked, whether shuffles order no memory, on how many "
     "OS threads unchecked launches run (0: all cores, at most 8), the multiprocessors the device says it has, and what "
     "lies in local variables without a value (0 to 3: in each thread another kind, 4: zero), and how many times the time "
     "limit a checked job may take while each block keeps to it.");
}
